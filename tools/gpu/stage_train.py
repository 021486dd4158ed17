"""Runs of training: a short one that tells how long steps wait for data, and solo-learn's recipe beside PyTorch's."""
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

from packed import call, last
from stage_bench import Watch

HERE = os.path.dirname(os.path.abspath(__file__))
SMALL = ('--width', 8, '--projector', '64-64-64', '--limit-per-class', 30)


def waiting(args, packed, report, limit):
    """The share of waiting for views, with the default number of workers and with nearly all processors."""
    pictures, results = packed.home + '/pictures', report.get('waiting', {})
    if not os.path.isdir(pictures):
        call(packed.vicreg('sample', '--out', pictures, *(('--per-class', 20) if args.tiny else ())), min(200, limit.left()))
    many = max(1, (os.cpu_count() or 2) - 2)
    for name, workers in (('default', ()), ('%d workers' % many, ('--workers', many))):
        run = packed.home + '/run-waiting'
        shutil.rmtree(run, ignore_errors=True)
        size = ('--width', 8, '--batch-size', 32, '--steps', 5, '--projector', '64-64') if args.tiny else (
            '--width', 64, '--batch-size', 256, '--steps', 200, '--projector', '2048-2048-2048')
        with Watch() as watch:
            status, out, err = call(packed.vicreg(
                'train', '--json', '--device', args.device, '--precision', 'fp16', '--encoder', 'resnet18',
                '--data', pictures + '/train', '--out', run, *size, *workers), limit.left())
        rates = steady(run)
        results[name] = {'failed': last(err or out, 3)} if status else {
            'waiting_percent': round(100 * json.loads(out.splitlines()[-1])['waited'], 2),
            'pairs_per_second': statistics.median(rates) if rates else None,
            'gpu_busy_percent': watch.percent(sum(size[3] / rate for rate in rates)) if rates else None}
        report.put('waiting', results)
        print('waiting,', name, results[name], flush=True)


def steady(run):
    """Pairs a second of each step after the first fifth, from metrics.jsonl."""
    path = run + '/metrics.jsonl'
    if not os.path.exists(path):
        return []
    with open(path) as file:
        rates = [json.loads(line)['pairs_per_second'] for line in file]
    return rates[len(rates) // 5:]


class Background:
    """A program that runs on when this call has returned, in a session of its own; its process id is in a file."""

    def __init__(self, home, name):
        self.pid_file, self.log = '%s/%s.pid' % (home, name), '%s/%s.log' % (home, name)

    def is_running(self):
        try:
            with open(self.pid_file) as file:
                pid, started = file.read().split()
            return started == self.started(int(pid))
        except (OSError, ValueError):
            return False

    @staticmethod
    def started(pid):
        """When a process started, in the kernel's ticks: with its id the process's own name."""
        with open('/proc/%d/stat' % pid) as file:
            fields = file.read().rsplit(')', 1)[1].split()
        return '' if fields[0] == 'Z' else fields[19]

    def start(self, command):
        with open(self.log, 'a') as log:
            process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True)
        with open(self.pid_file, 'w') as file:
            file.write('%d %s' % (process.pid, self.started(process.pid)))

    def lines(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log, errors='replace') as file:
            return file.read().splitlines()


def train(args, packed, report, limit):
    """Ours: starts, or resumes what was cut off, or tells how far it is. PyTorch's starts when ours has ended."""
    run, ours = packed.home + '/run-cifar', Background(packed.home, 'train-ours')
    data = args.data and (args.data + ('/' if os.path.isdir(args.data) else '!/'))
    test = ('--eval-data', data + 'test') if data else ()
    if not ours.is_running() and not os.path.exists(run + '/encoder.onnx'):
        require(data)
        if glob.glob(run + '/checkpoints/*'):
            ours.start(packed.vicreg('train', '--out', run, '--resume', '--json', *test))
        else:
            shutil.rmtree(run, ignore_errors=True)
            size = SMALL + ('--batch-size', 64) if args.tiny else ()
            ours.start(packed.vicreg(
                'train', '--json', '--recipe', 'solo-cifar10', '--device', args.device, '--precision', 'fp16',
                '--workers', max(1, (os.cpu_count() or 2) - 2), *length(args), '--data', data + 'train', '--out', run,
                *test, *size))
    follow(ours, args, limit)
    before, found = report.get('train', {}), progress_of_ours(run, ours)
    report.put('train', {**before, 'epochs': args.epochs, 'ours': found})
    if 'encoder' in found:
        found['probe'] = before.get('ours', {}).get('probe') or data and probe(args, packed, found['encoder'], data, limit)
        report.put('train', {**before, 'epochs': args.epochs, 'ours': found})
    print('ours:', found)


def probe(args, packed, encoder, data, limit):
    """kNN and linear accuracy of our vectors by the code that measures PyTorch's."""
    files = []
    for part in ('train', 'test'):
        files.append('%s/vectors-%s.npy' % (packed.home, part))
        status, out, err = call(packed.vicreg('embed', '--model', encoder, '--data', data + part, '--out', files[-1],
                                              '--device', args.device), limit.left())
        if status:
            return {'failed': last(err, 3)}
    status, out, err = call([sys.executable, HERE + '/torch_eval.py', *files], limit.left())
    return json.loads(out) if status == 0 else {'failed': last(err, 3)}


def train_peer(args, packed, report, limit):
    peer = Background(packed.home, 'train-pytorch')
    if not peer.is_running() and not any(line['epoch'] == args.epochs for line in objects(peer)):
        require(args.data)
        if os.path.exists(peer.log):
            os.remove(peer.log)  # it starts anew: there is nothing to resume from
        size = SMALL + ('--batch', 64) if args.tiny else ()
        peer.start([sys.executable, HERE + '/torch_train.py', '--data', args.data, *length(args), *size])
    follow(peer, args, limit)
    epochs = objects(peer)
    report.put('train', {**report.get('train', {}), 'epochs': args.epochs, 'pytorch': {
        'running': peer.is_running(), 'last': epochs[-1] if epochs else last('\n'.join(peer.lines()), 3),
        'knn': {each['epoch']: each['knn'] for each in epochs if 'knn' in each}}})
    print('pytorch:', report.get('train', {})['pytorch'])


def objects(background):
    """The JSON objects that a program printed, a line each, less one that it is writing."""
    found = []
    for line in background.lines():
        if line.startswith('{') and line.endswith('}'):
            found.append(json.loads(line))
    return found


def length(args):
    """The recipe warms up for 10 epochs; a short run for a quarter."""
    return '--epochs', args.epochs, '--warmup-epochs', min(10, args.epochs / 4)


def require(data):
    if not data:
        sys.exit('run train: name CIFAR-10 with --data: a folder or archive with train/CLASS/*.jpg and test/CLASS/*.jpg')


def follow(background, args, limit):
    """Waits for the end, but no longer than the call may last; --poll returns after a moment."""
    end = time.time() + (20 if args.poll else limit.left())
    while background.is_running() and time.time() < end:
        time.sleep(1)


def progress_of_ours(run, ours):
    metrics, result = run + '/metrics.jsonl', {'running': ours.is_running()}
    if os.path.exists(metrics):
        with open(metrics) as file:
            lines = [line for line in file if line.endswith('\n')]
        if lines:
            rates = [json.loads(line)['pairs_per_second'] for line in lines[-200:]]
            result.update(last=json.loads(lines[-1]), pairs_per_second=round(statistics.median(rates), 1))
    summary = objects(ours)
    if summary:
        result.update(summary[-1])
    elif not result['running']:
        result['said'] = last('\n'.join(ours.lines()), 3)
    return result
