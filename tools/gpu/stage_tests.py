"""The tests that need a GPU, with JUnit's console.

A crash of the process, or a CUDA error that leaves the device's context unusable, must not cost what comes after it: the
tests that remain then go on in a process of their own, from the one behind the culprit. The test of the official natives
is left out: they aren't packed, and need CUDA 12.
"""
import os
import re
import subprocess
import threading

from packed import call, last

# After these every further call fails too: CUDA runtime errors 700 (illegal address) to 719 (launch failure), 999.
POISON = re.compile(r'CUDA (failure|error) (70\d|71\d|999)\b|illegal memory access|unspecified launch failure', re.I)
MOST_INVOCATIONS = 1000
RESTARTS = 20
STATUS = {'SUCCESSFUL': 'passed', 'FAILED': 'failed', 'ABORTED': 'skipped'}
FIELD = re.compile(r"^[ |']*(uniqueId|status|caught|reason): ?(.*)$")
TITLE = re.compile(r"^[ |]*\+-- (.*)$")


def run(args, packed, report, limit):
    """Runs the classes that aren't complete in the report yet; all of them where all are."""
    differences = packed.home + '/differences.tsv'
    console = packed.java + ['-Dvicreg.test.differences=' + differences, '-jar', packed.home + '/tests/console.jar']
    options = ['--class-path', packed.test_classes(), '--include-tag', 'gpu', '--exclude-methodname', '.*stockNatives.*',
               '--details', 'verbose', '--details-theme', 'ascii', '--disable-ansi-colors', '--disable-banner']
    scan = ['--scan-class-path=' + ':'.join(packed.test_folders())]
    status, out, err = call(console + ['discover', *scan, *options], min(100, limit.left()))
    classes = {}
    for test in re.findall(r'uniqueId: (\S.*)', out):
        if re.search(r'\[(method|test-template):', test):
            classes.setdefault(re.search(r'\[class:([^]]*)\]', test).group(1), []).append(test)
    if status or not classes:
        raise RuntimeError('JUnit found no tests: ' + last(err or out, 5))
    results = report.get('tests', {})
    if all(results.get(name, {}).get('complete') for name in classes):
        results = {}
    for name in sorted(classes):
        if results.get(name, {}).get('complete'):
            continue
        folder = next(each for each in packed.test_folders() if os.path.exists(
            '%s/%s.class' % (each, name.replace('.', '/'))))
        results[name] = of_class(name, classes[name], console, options, os.path.dirname(folder), limit)
        report.put('tests', results)
        report.put('differences', largest(differences))
        counts = results[name]['counts']
        print(name, counts, '' if results[name]['complete'] else 'not complete: ' + (results[name]['said'] or 'nothing ran'), flush=True)
        for test in list(results[name]['others'].items())[:5]:
            print('  %s: %s' % (test[0], test[1]['message'][:200]))


def largest(path, most=8):
    """Of each kind of comparison the largest differences that were seen, also where all passed."""
    found = {}
    if os.path.exists(path):
        with open(path) as file:
            for line in file:
                kind, what, difference, tolerance = line.rstrip('\n').rsplit('\t', 3)
                found.setdefault(kind, []).append((float(difference), what, float(tolerance)))
    return {kind: {'compared': len(each), 'tolerance': each[0][2],
                   'largest': [{'difference': d, 'what': w} for d, w, _ in sorted(each, reverse=True)[:most]]}
            for kind, each in found.items()}


def of_class(name, left, console, options, folder, limit):
    found, select = {}, ['--select-class', name]
    for _ in range(RESTARTS):
        reading = execute(console, [*select, *options], limit, folder)
        found.update(reading.tests)
        if reading.is_finished:
            return outcome(found, not all(test.startswith('container') for test in found), reading.said())
        if reading.is_cut_off or not reading.tests:
            return outcome(found, False, reading.said())
        left = remaining(left, found, list(reading.tests)[-1])
        select = [word for test in left for word in ('--select-unique-id', test)]
        if not left:
            return outcome(found, True, 'the last test ended the process: ' + reading.said())
    return outcome(found, False, 'ended %d processes; the last said: %s' % (RESTARTS, reading.said()))


def remaining(tests, found, culprit):
    """What has not run yet: the culprit's further invocations, and methods that did not start."""
    left = []
    for test in tests:
        if '/[test-template-invocation:' in test:
            if test not in found:
                left.append(test)
        elif culprit.startswith(test + '/'):
            after = int(culprit.rsplit('#', 1)[1].rstrip(']')) + 1
            left += [test + '/[test-template-invocation:#%d]' % each for each in range(after, MOST_INVOCATIONS)]
        elif not any(each == test or each.startswith(test + '/') for each in found):
            left.append(test)
    return left


class Reading:
    """What JUnit's console tells while it runs, so that it is known where a process ended."""

    def __init__(self):
        self.tests = {}  # by unique id
        self.test = None  # that which runs
        self.name = ''
        self.words = []
        self.is_finished = self.is_cut_off = False

    def line(self, line):
        """Whether to go on: not after an error that lets all further calls fail."""
        self.words = (self.words + [line.strip()])[-8:]
        self.name = (TITLE.findall(line) or [self.name])[0]
        self.is_finished |= line.startswith('Test run finished')
        field = FIELD.match(line.rstrip())
        key, value = field.groups() if field else (None, '')
        if key == 'uniqueId' and re.search(r'\[(method|test-template-invocation):[^/]*\]$', value):
            self.test = self.tests[value] = {'name': self.name, 'status': 'crashed', 'message': 'the process ended in it'}
        elif key in ('caught', 'reason') and self.test is not None:
            self.test['message'] = value[:400]
        elif key == 'caught':  # a class or the source of a test's cases; without a GPU the class says so
            self.tests['container ' + str(len(self.tests))] = {
                'name': self.name, 'status': 'skipped' if 'TestAborted' in value else 'failed', 'message': value[:400]}
        elif key == 'status' and self.test is not None:
            ended, self.test = self.test, None
            ended['status'] = STATUS.get(value.split()[-1], value)
            return not (ended['status'] == 'failed' and POISON.search(ended['message']))
        return True

    def cut_off(self):
        self.is_cut_off = True
        if self.test is not None:
            self.test.update(status='cut off', message='the time was over')

    def said(self):
        if self.is_finished:
            return ''
        return 'the time was over' if self.is_cut_off else '\n'.join(self.words[-4:])


def execute(console, words, limit, folder):
    """Runs the console until its end, a poisoned device or the limit. Its arguments go through a file: ids are long."""
    arguments = os.path.join(folder, 'console-arguments')
    with open(arguments, 'w') as file:
        file.write('\n'.join('"%s"' % word.replace('\\', '\\\\').replace('"', '\\"') for word in words))
    process = subprocess.Popen(console + ['execute', '@' + arguments], cwd=folder, text=True, errors='replace',
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    reading, time_over = Reading(), threading.Event()
    timer = threading.Timer(max(1, limit.left()), lambda: (time_over.set(), process.kill()))
    timer.start()
    try:
        for line in process.stdout:
            if not reading.line(line):
                break
    finally:
        timer.cancel()
        process.kill()
    process.wait()
    if time_over.is_set():
        reading.cut_off()
    return reading


def title(test, name):
    """`[…]/[test-template:residual(type)]/[test-template-invocation:#3]`, called `[3] sgd`, as `residual [3] sgd`."""
    method = re.search(r'\[(?:method|test-template):([^(/]*)', test)
    return ' '.join(([method.group(1)] if method else []) + ([] if '/[method:' in test else [name[:120]]))


def outcome(found, complete, said):
    counts, passed, others = {}, [], {}
    for test, result in found.items():
        counts[result['status']] = counts.get(result['status'], 0) + 1
        if result['status'] == 'passed':
            passed.append(title(test, result['name']))
        else:
            others[title(test, result['name'])] = {key: result[key] for key in ('status', 'message') if key in result}
    return {'complete': complete, 'counts': counts, 'said': said, 'others': others, 'passed': passed}
