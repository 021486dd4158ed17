"""What `pack` packed, on the GPU's machine: unpacking it, running its commands within a time, and the report."""
import glob
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time

BUNDLES = {'jdk': ('jdk',), 'natives': ('native',), 'app': ('app', 'tests')}  # and the folders that each fills


class Limit:
    """The end of a stage: nothing starts that would outlast it, since the machine may end the whole call."""

    def __init__(self, seconds):
        self.end = time.time() + seconds

    def left(self):
        return self.end - time.time()


def call(command, seconds, **more):
    """Status, output and errors. What takes longer is ended with all that it started: status 124."""
    try:
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL, text=True, errors='replace', start_new_session=True, **more)
    except OSError as e:
        return 127, '', str(e)
    try:
        out, err = process.communicate(timeout=max(1, seconds))
        return process.returncode, out, err
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        return 124, out, err + '\nended after %d s' % seconds


def last(text, lines=6):
    return '\n'.join(text.strip().splitlines()[-lines:])


class Report:
    """report.json, written anew after every figure, so that a stage that is cut off loses none."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.path = os.path.join(folder, 'report.json')
        self.figures = {}
        if os.path.exists(self.path):
            with open(self.path) as file:
                self.figures = json.load(file)

    def get(self, name, fallback):
        return self.figures.get(name, fallback)

    def put(self, name, value):
        self.figures[name] = value
        with open(self.path + '.tmp', 'w') as file:
            json.dump(self.figures, file, indent=1)
        os.replace(self.path + '.tmp', self.path)


class Packed:
    """What was unpacked, as commands."""

    def __init__(self, home):
        self.home = home
        if not all(os.path.isdir(os.path.join(home, each)) for each in ('jdk', 'native', 'app', 'tests')):
            sys.exit('run: %s lacks a bundle: bring its parts and call `run unpack FOLDER`' % home)
        self.java = [home + '/jdk/bin/java', '-Donnxruntime.native.path=' + home + '/native',
                     '-Dvicreg.terminal=false', '-Djava.awt.headless=true', '-Xmx8g']

    def vicreg(self, *words):
        return self.java + ['-jar', self.home + '/app/vicreg.jar', *words]

    def commit(self):
        with open(self.home + '/app/COMMIT') as file:
            return file.read().strip()

    def test_classes(self):
        """The class path of the tests: their folders, the program and its libraries, those of the tests alone."""
        jars = sorted(glob.glob(self.home + '/app/lib/*.jar') + glob.glob(self.home + '/tests/lib/*.jar'))
        return ':'.join(self.test_folders() + jars + [self.home + '/app/vicreg.jar'])

    def test_folders(self):
        return sorted(glob.glob(self.home + '/tests/*/classes'))


class Joined(io.RawIOBase):
    """Files one after the other, as one to read."""

    def __init__(self, paths):
        self.paths = list(paths)
        self.file = None

    def readable(self):
        return True

    def readinto(self, buffer):
        while True:
            if self.file is None:
                if not self.paths:
                    return 0
                self.file = open(self.paths.pop(0), 'rb')
            count = self.file.readinto(buffer)
            if count:
                return count
            self.file.close()
            self.file = None


def checksum(path):
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        for block in iter(lambda: file.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()


def unpack(parts, home):
    """Takes what has come of the parts, and unpacks each bundle that is complete: a call for each journey will do."""
    kept = os.path.join(home, 'parts')
    os.makedirs(kept, exist_ok=True)
    listed = os.path.join(parts, 'SHA256SUMS')
    if not os.path.exists(listed):
        sys.exit('run unpack: %s has no SHA256SUMS: bring it with the parts' % parts)
    with open(listed) as file:
        sums = dict(reversed(line.split()) for line in file)
    for bundle, folders in BUNDLES.items():
        names = sorted(name for name in sums if name.startswith(bundle + '.txz.'))
        wanted = ' '.join(sums[name] for name in names)
        mark = os.path.join(home, bundle + '.unpacked')
        if os.path.exists(mark) and open(mark).read() == wanted:
            print(bundle, 'is there')
            continue
        for name in names:
            source = os.path.join(parts, name)
            if os.path.exists(source):
                if checksum(source) != sums[name]:
                    sys.exit('run unpack: %s is damaged: its sum is not that of SHA256SUMS; bring it again' % name)
                shutil.copyfile(source, os.path.join(kept, sums[name]))
        missing = [name for name in names if not os.path.exists(os.path.join(kept, sums[name]))]
        if missing:
            print(bundle, 'waits for', ', '.join(missing))
            continue
        for folder in folders:
            shutil.rmtree(os.path.join(home, folder), ignore_errors=True)
        paths = [os.path.join(kept, sums[name]) for name in names]
        with tarfile.open(fileobj=io.BufferedReader(Joined(paths), 1 << 20), mode='r|xz') as archive:
            archive.extractall(home, **({'filter': 'tar'} if hasattr(tarfile, 'tar_filter') else {}))
        with open(mark, 'w') as file:
            file.write(wanted)
        for path in paths:
            os.remove(path)
        print(bundle, 'unpacked')
