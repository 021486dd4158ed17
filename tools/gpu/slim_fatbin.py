#!/usr/bin/env python3
"""Blanks the machine code that a shared library holds for other GPUs, so that it packs small; its layout stays.

usage: slim_fatbin.py IN.so OUT.so ARCH...        such as 90 for Hopper

A CUDA fat binary is a list of entries, each with a header that tells its kind (1 PTX, 2 machine code) and architecture. The
runtime takes the entry that fits the GPU and never reads the others' payload; here that becomes zeros, PTX's too. To carry
a library to a test machine only. Prints the bytes of each architecture.
"""
import collections
import struct
import sys

MAGIC = struct.pack('<I', 0xBA55ED50)
PTX, CODE = 1, 2


def entries(data):
    """(start of the payload, its length, kind, architecture) of each entry of each fat binary."""
    at = data.find(MAGIC)
    while at >= 0:
        version, header, size = struct.unpack_from('<HHQ', data, at + 4)
        end = at + header + size
        if version != 1 or header != 16 or end > len(data):
            at = data.find(MAGIC, at + 4)
            continue
        entry = at + header
        while entry + 64 <= end:
            kind, _, head, payload = struct.unpack_from('<HHIQ', data, entry)
            arch, = struct.unpack_from('<I', data, entry + 28)
            if kind not in (PTX, CODE) or head < 32 or entry + head + payload > end:
                break
            yield entry + head, payload, kind, arch
            entry += head + payload
        at = data.find(MAGIC, end)


def main(source, target, *keep):
    with open(source, 'rb') as file:
        data = bytearray(file.read())
    kept = {int(arch) for arch in keep}
    sizes = collections.Counter()
    for start, length, kind, arch in list(entries(data)):
        stays = kind == CODE and arch in kept
        sizes['%s%d %s' % ('sm' if kind == CODE else 'ptx', arch, 'kept' if stays else 'blanked')] += length
        if not stays:
            data[start:start + length] = bytes(length)
    if not any(name.endswith('kept') for name in sizes):
        sys.exit('slim_fatbin: %s holds no machine code for %s, only %s' % (source, ', '.join(keep), ', '.join(sizes)))
    with open(target, 'wb') as file:
        file.write(data)
    for name, size in sorted(sizes.items()):
        print('%s: %d bytes' % (name, size))


if __name__ == '__main__':
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
