"""Modbus/TCP between pymodbus and itself, and messages built by hand.

modbus_peer.py serve          pymodbus replies on port 502 until it is stopped
modbus_peer.py use ADDRESS    pymodbus requests every function it has
modbus_peer.py answer         sends the replies for odd on port 502 until it is stopped
modbus_peer.py odd ADDRESS    messages that pymodbus does not send, a connection per case
"""
import socket, struct, sys, time

PORT = 502


def serve():
    from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
    from pymodbus.server import StartTcpServer
    devices = {unit: ModbusDeviceContext(
        di=ModbusSequentialDataBlock(1, [i % 3 == 0 for i in range(100)]),
        co=ModbusSequentialDataBlock(1, [False] * 100),
        hr=ModbusSequentialDataBlock(1, list(range(1000, 1100))),
        ir=ModbusSequentialDataBlock(1, list(range(2000, 2100)))) for unit in (1, 17)}
    StartTcpServer(ModbusServerContext(devices=devices, single=False), address=('', PORT))


def use(address):
    from pymodbus.client import ModbusTcpClient

    def ok(r):
        assert not r.isError(), r
        time.sleep(.005)

    def refused(r):
        assert r.isError(), r
        time.sleep(.005)

    c = ModbusTcpClient(address, port=PORT, retries=0)
    assert c.connect()
    ok(c.read_coils(0, count=10, device_id=1))
    ok(c.write_coil(3, True, device_id=1))
    ok(c.write_coil(3, False, device_id=1))
    ok(c.write_coils(4, [True, False, True, True, False, False, True, False, True], device_id=1))
    ok(c.read_coils(0, count=16, device_id=1))
    ok(c.read_discrete_inputs(0, count=12, device_id=1))
    ok(c.read_input_registers(5, count=4, device_id=1))
    ok(c.read_holding_registers(10, count=3, device_id=1))
    ok(c.write_register(10, 4711, device_id=1))
    ok(c.write_registers(11, [1, 0xffff], device_id=1))
    ok(c.read_holding_registers(10, count=3, device_id=1))
    ok(c.mask_write_register(address=10, and_mask=0xf2, or_mask=0x25, device_id=1))
    ok(c.readwrite_registers(read_address=10, read_count=2, write_address=12, values=[7, 8], device_id=1))
    ok(c.read_fifo_queue(address=20, device_id=1))
    ok(c.read_exception_status(device_id=1))
    ok(c.diag_query_data(b'\xa5\x37', device_id=1))
    ok(c.diag_get_comm_event_counter(device_id=1))
    ok(c.diag_get_comm_event_log(device_id=1))
    ok(c.report_device_id(device_id=1))
    ok(c.read_device_information(device_id=1))
    ok(c.read_holding_registers(10, count=3, device_id=17))  # another unit
    refused(c.read_coils(5000, count=10, device_id=1))  # no such address
    refused(c.read_input_registers(98, count=9, device_id=1))
    c.close()


def message(tid, unit, function, data=b'', length=None, protocol=0):
    """Returns a message (MODBUS Messaging on TCP/IP Implementation Guide section 3.1.3)."""
    return struct.pack('>HHHBB', tid, protocol, len(data) + 2 if length is None else length, unit, function) + data


def words(*values):
    return struct.pack('>%dH' % len(values), *values)


def bytewise(b):
    return [b[i:i + 1] for i in range(len(b))]


read_two = message(9, 1, 3, words(0, 2))
two = message(9, 1, 3, b'\x04' + words(1, 2))

# The segments of each side, one connection per line.
ODD = {
    'several messages in a segment': (
        [b''.join(message(i, 1, 1, words(i, 8)) for i in range(4))],
        [b''.join(message(i, 1, 1, bytes([1, i])) for i in range(4))]),
    'a message in bytes': (bytewise(read_two), bytewise(two)),
    'across segments': (
        [read_two + read_two[:5], read_two[5:9], read_two[9:] + read_two],
        [two[:7], two[7:] + two + two[:11], two[11:]]),
    'functions nobody knows': (
        [message(1, 1, 65, b'user'), message(2, 1, 100, b'\0' * 20), message(3, 1, 90, b'\x00\x01'), message(4, 1, 0)],
        [message(1, 1, 65, b'defined'), message(2, 1, 100 + 128, b'\1'), message(3, 1, 90, b'\x00\xfe'),
         message(4, 1, 128, b'\1')]),
    'every exception': (
        [message(i, 1, 6, words(i, i)) for i in range(1, 13)],
        [message(i, 1, 6 + 128, bytes([i])) for i in range(1, 13)]),
    'a quantity that lies': ([message(1, 1, 15, words(0, 2000) + b'\x01\xff')], [message(1, 1, 15, words(0, 2000))]),
    'a count of bytes that lies': (
        [message(1, 1, 16, words(0, 2) + b'\xfa' + words(1, 2))], [message(1, 1, 16, words(0, 2))]),
    'an answer that is too short': ([read_two], [message(9, 1, 3, b'\x04\0')]),
    'half a register': ([read_two, read_two], [message(9, 1, 3, b'\x03\0\1\2'), two]),
    'a coil half on': (
        [message(1, 1, 5, words(0, 0x1234)), message(2, 1, 5, words(0, 0xff00))],
        [message(1, 1, 5, words(0, 0x1234)), message(2, 1, 5, words(0, 0xff00))]),
    'more than the function needs': ([message(1, 1, 6, words(1, 2) + b'rest')], [message(1, 1, 6, words(1, 2) + b'rest')]),
    'another protocol': ([message(1, 1, 6, words(1, 2), protocol=7)], [two]),
    'a length of nothing': ([message(1, 1, 6, length=0)], [two]),
    'a length that never comes': ([message(1, 1, 6, words(1, 2), length=65535)], [two]),
    'files': (
        [message(1, 1, 20, b'\x0e\x06' + words(4, 1, 2) + b'\x06' + words(3, 9, 2)),
         message(2, 1, 21, b'\x0d\x06' + words(4, 7, 3) + words(0x6af, 0x4be, 0x100d))],
        [message(1, 1, 20, b'\x0c\x05\x06' + words(0xdfe, 0x20) + b'\x05\x06' + words(0x33cd, 0x40)),
         message(2, 1, 21, b'\x0d\x06' + words(4, 7, 3) + words(0x6af, 0x4be, 0x100d))]),
    'files that lie': (
        [message(1, 1, 20, b'\x07\x06' + words(4, 1, 2)), message(2, 1, 21, b'\x0b\x06' + words(4, 7, 900) + words(1, 2))],
        [message(1, 1, 20, b'\x06\x05\x06' + words(1, 2)), message(2, 1, 21, b'\x0b\x06' + words(4, 7, 2) + words(1, 2))]),
    'a record of no length': ([message(1, 1, 20, b'\x07\x06' + words(4, 1, 2))], [message(1, 1, 20, b'\x02\x00\x06')]),
    'a queue that lies': ([message(1, 1, 24, words(20))], [message(1, 1, 24, words(6, 31) + words(1, 2))]),
    'not Modbus': ([b'GET / HTTP/1.0\r\n\r\n'], [b'no\r\n']),
    'requests without answers': ([read_two, read_two], []),
    'answers without requests': ([], [two, two]),
}


def say(s, segments):
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for b in segments:
        s.sendall(b)
        time.sleep(.004)


def hear(s, segments):
    """Reads exactly that much, so that the sides take turns."""
    n = sum(map(len, segments))
    while n > 0:
        n -= len(s.recv(n))


def answer():
    listener = socket.create_server(('', PORT))
    for asked, answers in ODD.values():
        s, _ = listener.accept()
        with s:
            hear(s, asked)
            say(s, answers)
            s.recv(1)


def odd(address):
    for asked, answers in ODD.values():
        with socket.create_connection((address, PORT), 5) as s:
            say(s, asked)
            hear(s, answers)
        time.sleep(.02)


{'serve': serve, 'use': use, 'answer': answer, 'odd': odd}[sys.argv[1]](*sys.argv[2:])
