"""Training steps beside PyTorch's, in turn; then a line for each variation of ours."""
import json
import os
import statistics
import sys
import threading
import time

from packed import call, last

HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = 2
TRIES = 2
SHORTEST = 60  # seconds that must be left to start a measurement whose length is unknown
MEMORY = ('out of memory', 'failed to allocate', 'cuda_error_out_of_memory', 'cudamalloc', 'alloc_failed', 'bfcarena')


class Watch:
    """Samples the GPU's utilisation and its memory in use while something runs, by NVML or else nvidia-smi."""

    def __init__(self):
        self.samples, self.done = [], threading.Event()  # (time, per cent, bytes)
        self.thread = threading.Thread(target=self.sample, daemon=True)

    def sample(self):
        read, wait = self.reader()
        while not self.done.wait(wait):
            try:
                self.samples.append((time.time(), *read()))
            except Exception:  # no GPU, or no tool that tells: the report then says null
                return

    @staticmethod
    def reader():
        try:
            import pynvml
            pynvml.nvmlInit()
            handle = pynvml.nvmlDeviceGetHandleByIndex(0)
            return lambda: (float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu),
                            pynvml.nvmlDeviceGetMemoryInfo(handle).used), 0.1
        except Exception:
            query = ['nvidia-smi', '--query-gpu=utilization.gpu,memory.used', '--format=csv,noheader,nounits', '--id=0']

            def ask():
                busy, memory = call(query, 5)[1].split(',')
                return float(busy), int(memory) << 20
            return ask, 0.2

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    def percent(self, seconds):
        """The mean over the busiest stretch of that length: that of the steps, whose start isn't known from outside.

        Null where it holds fewer than five samples. NVML's figure tells whether any kernel ran, not how many of the
        GPU's multiprocessors were at work."""
        best = None
        for first, (start, _, _) in enumerate(self.samples):
            stretch = [value for at, value, _ in self.samples[first:] if at < start + seconds]
            if len(stretch) >= 5 and self.samples[-1][0] >= start + seconds:
                best = max(best or 0, statistics.mean(stretch))
        return None if best is None else round(best, 1)

    def device_bytes(self):
        """The most memory that was in use on the whole GPU, the driver's own share of a process included."""
        return max((used for _, _, used in self.samples), default=None)


def networks(tiny):
    if tiny:
        return {'resnet18-16': dict(
            ours=['--encoder', 'resnet18', '--width', 8, '--image-size', 16, '--projector', '32-32'],
            peer=['--net', 'resnet18', '--width', 8, '--size', 16, '--projector', '32-32'], batch=8, steps=4)}
    wide = '2048-2048-2048'
    return {
        'resnet18-32': dict(ours=['--encoder', 'resnet18', '--width', 64, '--image-size', 32, '--projector', wide],
                            peer=['--net', 'resnet18', '--size', 32, '--projector', wide], batch=256, steps=150),
        'resnet50-224': dict(ours=['--encoder', 'resnet50', '--image-size', 224, '--projector', wide],
                             peer=['--net', 'resnet50', '--size', 224, '--projector', wide], batch=128, steps=40)}


def pairs(names):
    """What is measured beside PyTorch, in order of importance: (key, network, precision, optimizer)."""
    for optimizer in ('adamw', 'sgd'):
        for precisions in (('fp16', 'fp32'), ('tf32',)):
            for name in names:
                for precision in precisions:
                    yield '%s %s %s' % (name, precision, optimizer), name, precision, optimizer


def variations(names):
    """Lines of ours alone, and the peer compiled (without an optimizer of ours). The pairs use cuDNN's exhaustive search."""
    for name in names:
        for search in ('heuristic', 'default'):
            yield '%s fp16 adamw, --cudnn-search %s' % (name, search), name, 'adamw', ('--cudnn-search', search)
        yield '%s fp16 lars-solo' % name, name, 'lars-solo', ()
        yield '%s fp16 adamw, PyTorch compiled' % name, name, None, ('--compile',)


class Bench:
    def __init__(self, args, packed, limit):
        self.networks = networks(args.tiny)
        self.args, self.packed, self.limit, self.tries = args, packed, limit, 1 if args.tiny else TRIES
        self.is_first = True  # in this call: a later call could give it no more time

    def ours(self, net, batch, precision, optimizer, more=()):
        if self.args.tiny and precision == 'fp16':
            more = (*more, '--loss-scale', 16)  # so few steps find none
        command = self.packed.vicreg(
            'bench', 'train', '--json', '--device', self.args.device, '--precision', precision, '--optimizer', optimizer,
            '--batch-size', batch, '--steps', net['steps'], *net['ours'], *more)
        with Watch() as watch:
            status, out, err = call(command, self.limit.left())
        if status:
            return self.failure(status, err or out)
        figures = json.loads(out.splitlines()[-1])
        times = sorted(figures.pop('microseconds_by_operator', {}).items(), key=lambda item: -item[1])
        seconds = figures['seconds_per_step']
        figures['host_microseconds_by_operator'] = dict(times[:12])
        figures['peak_device_bytes'] = watch.device_bytes()
        figures['gpu_busy_percent'] = watch.percent(0.9 * seconds * (net['steps'] - 2))
        figures['copy_percent_of_step'] = round(100 * figures['seconds_to_copy_views'] / seconds, 3)
        return figures

    def peer(self, net, batch, precision, optimizer, more=()):
        with Watch() as watch:
            status, out, err = call([sys.executable, HERE + '/torch_bench.py', *net['peer'], '--batch', batch, '--precision',
                                     precision, '--optimizer', optimizer, '--steps', net['steps'], *more], self.limit.left())
        if status:
            return self.failure(status, err or out)
        return {**json.loads(out.splitlines()[-1]), 'peak_device_bytes': watch.device_bytes()}

    def failure(self, status, said):
        if status == 124 and self.limit.left() < 2 and not self.is_first:
            return {'cut_off': True}
        return {'failed': last(said, 3), 'status': status, 'memory': any(word in said.lower() for word in MEMORY)}

    def pair(self, result, name, precision, optimizer):
        """One round of both, or what keeps it from being one; a batch that doesn't fit is halved for both."""
        net = self.networks[name]
        while True:
            batch = result['batch']
            start = time.time()
            both = {'ours': self.ours(net, batch, precision, optimizer),
                    'pytorch': self.peer(net, batch, precision, optimizer)}
            if any('cut_off' in each for each in both.values()):
                return False
            failed = {side: each for side, each in both.items() if 'failed' in each}
            if batch > 16 and any(each['memory'] for each in failed.values()):
                result.setdefault('did_not_fit', []).append({'batch': batch, **failed})
                result.update(batch=batch // 2, ours=[], pytorch=[])
                continue
            result['seconds'] = round(time.time() - start, 1)
            if failed:
                result['tries'] = result.get('tries', 0) + 1
                result['failed'] = failed
            else:
                result.pop('failed', None)
            for side in both:
                if side not in failed:
                    result[side].append(both[side])
            return True


def run(args, packed, report, limit):
    bench, results = Bench(args, packed, limit), report.get('bench', {})
    if 'loss' not in results:
        golden = packed.home + '/tests/training/classes/golden/loss.json'
        status, out, err = call([sys.executable, HERE + '/torch_vicreg.py', golden], 120)
        results['loss'] = {'peer_equals_golden_figures': status == 0, 'said': last(out if status == 0 else err, 1)}
        report.put('bench', results)
    for optimizer in ('adamw', 'sgd'):
        for rounds in range(1, ROUNDS + 1):
            for key, name, precision, _ in (pair for pair in pairs(bench.networks) if pair[3] == optimizer):
                result = results.setdefault(key, {'batch': bench.networks[name]['batch'], 'ours': [], 'pytorch': []})
                while min(len(result['ours']), len(result['pytorch'])) < rounds and result.get('tries', 0) < bench.tries:
                    enough = limit.left() > 1.2 * result.get('seconds', SHORTEST) or args.tiny
                    if not (enough and bench.pair(result, name, precision, optimizer)):
                        return over(key)
                    bench.is_first = False
                    summarise(result)
                    report.put('bench', results)
                    print(key, '%s of PyTorch\'s pairs a second' % result['ratio'] if 'ratio' in result
                          else result.get('failed'), flush=True)
    for key, name, optimizer, more in variations(bench.networks):
        done = results.get(key, {})
        if done.get('tries', 0) >= bench.tries or 'pairs_per_second' in done:
            continue
        if limit.left() < SHORTEST and not args.tiny:
            return over(key)
        net = bench.networks[name]
        batch = results.get('%s fp16 adamw' % name, net)['batch']
        found = (bench.ours(net, batch, 'fp16', optimizer, more) if optimizer
                 else bench.peer(net, batch, 'fp16', 'adamw', more))
        if 'cut_off' in found:
            return over(key)
        bench.is_first = False
        results[key] = {'batch': batch, 'tries': done.get('tries', 0) + 1, **found}
        report.put('bench', results)
        print(key, found.get('pairs_per_second', found), flush=True)
    print('bench: all is measured')


def over(key):
    print('the time is over; call again to go on with', key)


def summarise(result):
    rates = {side: [run['pairs_per_second'] for run in result[side]] for side in ('ours', 'pytorch')}
    if all(rates.values()):
        medians = {side: round(statistics.median(each), 1) for side, each in rates.items()}
        result.update(pairs_per_second=medians, ratio=round(medians['ours'] / medians['pytorch'], 3))
