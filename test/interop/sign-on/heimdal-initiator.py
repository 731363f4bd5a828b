"""LIBRARY HOST MECHANISM [delegate]: what initiator.py does, with Heimdal's libgssapi, which no Python package binds."""
import base64
import ctypes as c
import sys

library, host, mechanism = sys.argv[1:4]
gss = c.CDLL(library)


class Buffer(c.Structure):
    _fields_ = [('length', c.c_size_t), ('value', c.c_void_p)]


class Oid(c.Structure):
    _fields_ = [('length', c.c_uint32), ('elements', c.c_void_p)]


kept = []


def struct(kind, octets):
    memory = c.create_string_buffer(octets, len(octets))
    kept.append(memory)
    return kind(len(octets), c.cast(memory, c.c_void_p))


def buffer(octets):
    return c.byref(struct(Buffer, octets))


def oid(text):
    return c.byref(struct(Oid, bytes.fromhex(text)))


HOSTBASED = oid('2a864886f71201020104')
MECHANISM = oid({'krb5': '2a864886f712010202', 'spnego': '2b0601050502'}[mechanism])
DELEG, MUTUAL, REPLAY, SEQUENCE, CONF, INTEG = 1, 2, 4, 8, 16, 32
CONTINUE = 1
flags = MUTUAL | REPLAY | SEQUENCE | CONF | INTEG | (DELEG if 'delegate' in sys.argv[4:] else 0)


def call(name, *arguments):
    minor = c.c_uint32()
    major = getattr(gss, name)(c.byref(minor), *arguments)
    if major & 0xffff0000:
        raise RuntimeError(f'{name}: major {major:#x}, minor {minor.value}')
    return major


def made(result):
    return c.string_at(result.value, result.length) if result.length else b''


def send(octets):
    print(base64.b64encode(octets).decode() or '-', flush=True)


def receive():
    line = sys.stdin.readline().strip()
    return b'' if line == '-' else base64.b64decode(line)


target, context = c.c_void_p(), c.c_void_p()
call('gss_import_name', buffer(b'HTTP@' + host.encode()), HOSTBASED, c.byref(target))
token = b''
while True:
    output = Buffer()
    status = call('gss_init_sec_context', None, c.byref(context), target, MECHANISM, flags, 0, None,
                  buffer(token), None, c.byref(output), None, None)
    if output.length:
        send(made(output))
    if status != CONTINUE:
        break
    token = receive()

sys.stdin.readline()
ours, theirs = b'from the peer', b'from the service'
output = Buffer()
call('gss_get_mic', context, 0, buffer(ours), c.byref(output))
send(made(output))
for sealed in (1, 0):
    call('gss_wrap', context, sealed, 0, buffer(ours), None, c.byref(output))
    send(made(output))
call('gss_verify_mic', context, buffer(theirs), buffer(receive()), None)
for sealed in (1, 0):
    was_sealed = c.c_int()
    call('gss_unwrap', context, buffer(receive()), c.byref(output), c.byref(was_sealed), None)
    assert made(output) == theirs and was_sealed.value == sealed
print('ok', flush=True)
