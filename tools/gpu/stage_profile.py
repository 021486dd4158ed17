"""What the GPU does in a step, ours and PyTorch's: kernels by time, copies, and the gaps between them (trace.c)."""
import collections
import glob
import os
import shutil
import statistics
import sys
import sysconfig

from packed import call, last
from stage_bench import networks

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 16
SKIPPED = 6  # the first ones search for algorithms
TO_DEVICE, FROM_DEVICE = 1, 2
MOST_KERNELS = 25


def run(args, packed, report, limit):
    library, environment = built(packed.home)
    results = report.get('profile', {})
    for name, net in networks(args.tiny).items():
        batch, size = net['batch'], net['ours'][net['ours'].index('--image-size') + 1]
        common = ['--steps', STEPS, '--precision', 'fp16', '--optimizer', 'adamw']
        sides = {
            'ours': packed.vicreg('bench', 'train', '--json', '--device', args.device, '--batch-size', batch, *common,
                                  *net['ours']),
            'pytorch': [sys.executable, HERE + '/torch_bench.py', '--batch', batch, *common, *net['peer']]}
        for side, command in sides.items():
            trace = '%s/trace-%s-%s.tsv' % (packed.home, name, side)
            status, out, err = call(command, limit.left(),
                                    env={**os.environ, **environment, 'CUDA_INJECTION64_PATH': library, 'GPU_TRACE': trace})
            key = '%s fp16 adamw, %s' % (name, side)
            results[key] = {'failed': last(err or out, 4)} if status else summary(trace, batch * size * size * 3)
            report.put('profile', results)
            print(key, {each: value for each, value in results[key].items() if each != 'kernels'}, flush=True)


def built(home):
    """trace.so, compiled with CUPTI's headers where CUDA's toolkit or Python's packages have them, and how it is found."""
    site = sysconfig.get_paths()['purelib']
    places = glob.glob(site + '/nvidia/*') + glob.glob('/usr/local/cuda*/') + glob.glob('/usr/local/cuda*/extras/CUPTI')
    headers = [place + '/include' for place in places if os.path.isdir(place + '/include')]
    libraries = sorted({os.path.dirname(path) for place in places
                        for path in glob.glob(place + '/lib*/libcupti.so.13')})
    if not libraries:
        raise RuntimeError('no libcupti.so.13 among ' + ', '.join(places))
    target = home + '/trace.so'
    compiler = next(filter(None, map(shutil.which, ('cc', 'gcc', 'clang'))), None)
    status, out, err = call([compiler, '-shared', '-fPIC', '-O2', HERE + '/trace.c', '-o', target,
                             *('-I' + each for each in headers), '-L' + libraries[0], '-l:libcupti.so.13'], 60)
    if status:
        raise RuntimeError('cannot build trace.so: ' + last(err or out, 5))
    found = os.environ.get('LD_LIBRARY_PATH')
    return target, {'LD_LIBRARY_PATH': ':'.join(libraries + ([found] if found else []))}


def summary(trace, view_bytes):
    """Means per step, in microseconds, over the steps between the copies of their first views."""
    with open(trace) as file:
        events = [(int(start), int(end), what) for start, end, what in
                  (line.rstrip('\n').split('\t', 2) for line in file if line.count('\t') >= 2)]
    events.sort()
    views = [start for start, _, what in events if what == '[copy %d %d]' % (TO_DEVICE, view_bytes)]
    firsts = views[2 * SKIPPED:2 * STEPS:2]
    if len(firsts) < 3:
        return {'failed': 'found %d copies of %d bytes to the device, expected %d or more; %d events' % (
            len(views), view_bytes, 2 * SKIPPED + 6, len(events))}
    steps = len(firsts) - 1
    within = [event for event in events if firsts[0] <= event[0] < firsts[-1]]
    busy, end = 0, 0
    gaps = []
    for start, stop, _ in within:
        if end and start > end:
            gaps.append(start - end)
        busy += max(0, stop - max(start, end))
        end = max(end, stop)
    kernels = collections.Counter()
    calls = collections.Counter()
    copied = collections.Counter()
    for start, stop, what in within:
        name = what if what[0] != '[' else ' '.join(what.rstrip(']').split()[:2 if 'copy' in what else 1]) + ']'
        kernels[name] += stop - start
        calls[name] += 1
        if what.startswith('[copy'):
            copied[int(what.split()[1])] += int(what.rstrip(']').split()[2])
    top = kernels.most_common(MOST_KERNELS)
    names = demangled([name for name, _ in top])
    return {
        'steps': steps,
        'step': round((firsts[-1] - firsts[0]) / steps / 1e3, 1),
        'median_step': round(statistics.median(b - a for a, b in zip(firsts, firsts[1:])) / 1e3, 1),
        'busy': round(busy / steps / 1e3, 1),
        'kernels_per_step': round(sum(n for name, n in calls.items() if name[0] != '[') / steps, 1),
        'gaps': round(sum(gaps) / steps / 1e3, 1),
        'gaps_over_10us': round(sum(1 for gap in gaps if gap > 10_000) / steps, 1),
        'bytes_to_device': copied[TO_DEVICE] // steps,
        'bytes_from_device': copied[FROM_DEVICE] // steps,
        'copies_to_device': calls['[copy %d]' % TO_DEVICE] / steps,
        'copies_from_device': calls['[copy %d]' % FROM_DEVICE] / steps,
        'kernels': [{'name': names[name][:160], 'microseconds': round(time / steps / 1e3, 1),
                     'calls': round(calls[name] / steps, 1)} for name, time in top]}


def demangled(names):
    tool = shutil.which('c++filt') or shutil.which('cu++filt')
    if tool:
        status, out, _ = call([tool, *names], 20)
        if status == 0 and len(out.splitlines()) == len(names):
            return dict(zip(names, out.splitlines()))
    return {name: name for name in names}
