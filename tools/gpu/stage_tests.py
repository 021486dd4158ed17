"""The tests that need a GPU, with JUnit's console.

A crash of the process, or a CUDA error that leaves the device's context unusable, must not cost what comes after it: the
tests that remain then go on in a process of their own, from the one behind the culprit.
"""
import os
import re
import subprocess
import sys
import threading

from packed import call, last

CLASSES = ('dev.vicreg.runtime.CudaTest', 'dev.vicreg.training.autodiff.CudaGradientsTest',
           'dev.vicreg.training.loop.CudaTrainingTest')
# After these every further call fails too: CUDA runtime errors 700 (illegal address) to 719 (launch failure), 999.
POISON = re.compile(r'CUDA (failure|error) (70\d|71\d|999)\b|illegal memory access|unspecified launch failure', re.I)
MOST_INVOCATIONS = 2000
RESTARTS = 8
FIELD = re.compile(r'^[ |\']*(uniqueId|status|caught|reason): ?(.*)$')


def run(args, packed, report, limit):
    """Runs the classes that aren't complete in the report yet; all of them where all are."""
    results = report.get('tests', {})
    if all(results.get(name, {}).get('complete') for name in CLASSES):
        results = {}
    for name in CLASSES:
        if results.get(name, {}).get('complete'):
            continue
        report.put('tests', {**results, name: {'complete': False, 'said': 'started'}})
        results[name] = of_class(packed, name, limit)
        report.put('tests', results)
        counts = results[name]['counts']
        print(name, counts, '' if results[name]['complete'] else 'not complete: ' + results[name]['said'], flush=True)
        for test in list(results[name]['others'].items())[:5]:
            print('  %s: %s' % (test[0], test[1]['message'][:200]))


def of_class(packed, name, limit):
    command = packed.java + ['-jar', packed.home + '/tests/console.jar']
    options = ['--class-path', packed.test_classes(), '--include-tag', 'gpu', '--details', 'verbose', '--details-theme',
               'ascii', '--disable-ansi-colors', '--disable-banner']
    folder = packed.home + '/tests/' + name.split('.')[2]
    status, out, err = call(command + ['discover', '--select-class', name, *options], min(60, limit.left()), cwd=folder)
    left = [test for test in re.findall(r'uniqueId: (\S.*)', out) if re.search(r'\[(method|test-template):', test)]
    if status or not left:
        return outcome({}, False, 'no tests found: ' + last(err or out, 3))
    found, select = {}, ['--select-class', name]
    for _ in range(RESTARTS):
        status, done, said = execute(command + ['execute', *select, *options], limit, folder)
        found.update(done)
        if status in (0, 1):
            return outcome(found, True, '')
        if status == 124:
            return outcome(found, False, said)
        culprit = next(reversed(list(done)), None)
        if culprit is None:
            return outcome(found, False, said)
        left = remaining(left, found, culprit)
        if not left:
            return outcome(found, True, 'the last test ended the process: ' + said)
        select = [word for test in left for word in ('--select-unique-id', test)]
    return outcome(found, False, 'ended %d processes; the last said: %s' % (RESTARTS, said))


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


def execute(command, limit, folder):
    """Status, tests by unique id as they ended, and the last words. Reads while they run, to see where a process ends."""
    arguments = os.path.join(folder, 'console-arguments')
    at = command.index('execute')
    with open(arguments, 'w') as file:  # a file, since the selected ids can be too long for a command line
        file.write('\n'.join('"%s"' % word.replace('\\', '\\\\').replace('"', '\\"') for word in command[at + 1:]))
    process = subprocess.Popen(command[:at + 1] + ['@' + arguments], cwd=folder, text=True, errors='replace',
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    timed_out = threading.Event()

    def end():
        timed_out.set()
        process.kill()
    timer = threading.Timer(max(1, limit.left()), end)
    timer.start()
    done, test, ended, words = {}, None, True, []
    try:
        for line in process.stdout:
            words = (words + [line.strip()])[-8:]
            field = FIELD.match(line.rstrip())
            if not field:
                continue
            key, value = field.groups()
            if key == 'uniqueId':
                is_test = re.search(r'\[(method|test-template-invocation):[^/]*\]$', value)
                test = value if is_test else None
                if test:
                    done[test], ended = {'status': 'crashed', 'message': 'the process ended in it'}, False
            elif test and key in ('caught', 'reason'):
                done[test]['message'] = value.strip()[:400]
            elif test and key == 'status':
                ended = True
                done[test]['status'] = {'SUCCESSFUL': 'passed', 'FAILED': 'failed', 'ABORTED': 'skipped'}.get(
                    value.split()[-1], value)
                if done[test]['status'] == 'failed' and POISON.search(done[test]['message']):
                    process.kill()
                    break
    finally:
        timer.cancel()
    process.wait()
    if timed_out.is_set() and not ended:
        done[test] = {'status': 'cut off', 'message': 'the time was over'}
    return (124 if timed_out.is_set() else process.returncode), done, '\n'.join(words[-4:])


def title(test):
    """CudaTest's `[…]/[test-template:name(type)]/[test-template-invocation:#3]` as name#3."""
    words = re.findall(r'\[(?:method|test-template|test-template-invocation):([^/]*?)\](?=/|$)', test)
    return ''.join(word.split('(')[0] for word in words)


def outcome(found, complete, said):
    counts, passed, others = {}, [], {}
    for test, result in found.items():
        counts[result['status']] = counts.get(result['status'], 0) + 1
        if result['status'] == 'passed':
            passed.append(title(test))
        else:
            others[title(test)] = result
    return {'complete': complete, 'counts': counts, 'said': said, 'others': others, 'passed': passed}


if __name__ == '__main__':
    sys.exit('this is a stage of tools/gpu/run')
