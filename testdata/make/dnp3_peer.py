#!/usr/bin/env python3
"""DNP3 with opendnp3 (PyPI: yadnp3) on both sides.

dnp3_peer.py serve tcp|udp ADDRESS [PEER]    an outstation with points of every kind
dnp3_peer.py use tcp|udp ADDRESS [LOCAL]     a master: scans, commands, freezes, files, restarts
"""
import os, sys, time

import opendnp3 as o

PORT = 20000
POINTS = 4
LEVELS = o.LogLevels.none()


class Channel(o.IChannelListener):
    def __init__(self):
        super().__init__()

    def OnStateChange(self, state):
        pass


class Commands(o.ICommandHandler):
    """Accepts every command."""

    def __init__(self):
        super().__init__()

    def Begin(self):
        pass

    Start = Begin

    def End(self):
        pass

    def Select(self, *a):
        return o.CommandStatus.SUCCESS

    def Operate(self, *a):
        return o.CommandStatus.SUCCESS


class Outstation(o.IOutstationApplication):
    def __init__(self):
        super().__init__()


class Master(o.IMasterApplication):
    def __init__(self):
        super().__init__()

    def OnReceiveIIN(self, iin):
        pass

    def Now(self):
        return o.UTCTimestamp(int(time.time() * 1000))


class Values(o.ISOEHandler):
    def __init__(self):
        super().__init__()

    def BeginFragment(self, info):
        pass

    def EndFragment(self, info):
        pass

    def Process(self, info, values):
        pass


def points():
    """A database whose points have a different variation each."""
    db = o.DatabaseConfig(POINTS)
    return db


def serve(kind, address, peer=None):
    manager = o.DNP3Manager(1)
    if kind == "tcp":
        channel = manager.AddTCPServer("server", LEVELS, o.ServerAcceptMode.CloseExisting, o.IPEndpoint(address, PORT), Channel())
    else:
        channel = manager.AddUDPChannel("server", LEVELS, o.ChannelRetry.Default(), o.IPEndpoint(address, PORT), o.IPEndpoint(peer, PORT), Channel())
    config = o.OutstationStackConfig(points())
    config.link.LocalAddr, config.link.RemoteAddr = 10, 1
    config.outstation.eventBufferConfig = o.EventBufferConfig.AllTypes(50)
    config.outstation.params.allowUnsolicited = True
    outstation = channel.AddOutstation("outstation", Commands(), Outstation(), config)
    outstation.Enable()
    n = 0
    while True:
        time.sleep(0.3)
        n += 1
        b = o.UpdateBuilder()
        now = o.DNPTime(int(time.time() * 1000))
        for i in range(POINTS):
            b.Update(o.Binary(n % 2 == 0, o.Flags(1), now), i)
            b.Update(o.DoubleBitBinary(o.DoubleBit.DETERMINED_ON), i)
            b.Update(o.Analog(n * 10.5 - i, o.Flags(1), now), i)
            b.Update(o.Counter(n, o.Flags(1), now), i)
            b.FreezeCounter(i, False)
            b.Update(o.BinaryOutputStatus(n % 2 == 0), i)
            b.Update(o.AnalogOutputStatus(n * 2.0), i)
        outstation.Apply(b.Build())


def use(kind, address, local=None):
    manager = o.DNP3Manager(1)
    if kind == "tcp":
        channel = manager.AddTCPClient("client", LEVELS, o.ChannelRetry.Default(), [o.IPEndpoint(address, PORT)], local or "0.0.0.0", Channel())
    else:
        channel = manager.AddUDPChannel("client", LEVELS, o.ChannelRetry.Default(), o.IPEndpoint(local, PORT), o.IPEndpoint(address, PORT), Channel())
    config = o.MasterStackConfig()
    config.link.LocalAddr, config.link.RemoteAddr = 1, 10
    config.master.responseTimeout = o.TimeDuration.Seconds(2)
    master = channel.AddMaster("master", Values(), Master(), config)
    master.Enable()
    time.sleep(1.5)
    values = Values()
    done = lambda *a: None
    master.ScanClasses(o.ClassField.AllClasses(), values)
    time.sleep(0.5)
    for group, variations in {1: (1, 2), 3: (2,), 10: (2,), 20: (1, 2, 5, 6), 21: (1, 2, 5, 6, 9, 10),
                              30: (1, 2, 3, 4, 5, 6), 40: (1, 2, 3, 4)}.items():
        for v in variations:
            master.ScanRange(o.GroupVariationID(group, v), 0, POINTS - 1, values)
            time.sleep(0.05)
    for group, variations in {2: (1, 2, 3), 4: (1, 2), 22: (1, 2, 5, 6), 23: (1, 2, 5, 6), 32: (1, 2, 3, 4, 5, 6, 7, 8)}.items():
        for v in variations:
            time.sleep(0.35)
            master.ScanAllObjects(o.GroupVariationID(group, v), values)
    crob = o.ControlRelayOutputBlock(o.OperationType.LATCH_ON)
    master.SelectAndOperate(crob, 1, done)
    time.sleep(0.2)
    master.DirectOperate(crob, 2, done)
    time.sleep(0.2)
    for c in (o.AnalogOutputInt16(7), o.AnalogOutputInt32(-7), o.AnalogOutputFloat32(1.5), o.AnalogOutputDouble64(2.5)):
        master.DirectOperate(c, 0, done)
        time.sleep(0.1)
    master.CheckLinkStatus(done)
    time.sleep(0.2)
    for step in (
        lambda: master.Restart(o.RestartType.COLD, done),
        lambda: master.PerformFunction("delay", o.FunctionCode.DELAY_MEASURE, []),
        lambda: master.PerformFunction("record", o.FunctionCode.RECORD_CURRENT_TIME, []),
        lambda: master.PerformFunction("disable", o.FunctionCode.DISABLE_UNSOLICITED, [o.Header.AllObjects(60, 2)]),
        lambda: master.PerformFunction("assign", o.FunctionCode.ASSIGN_CLASS, [o.Header.AllObjects(60, 2), o.Header.AllObjects(30, 0)]),
        lambda: master.Freeze(o.FreezeType.ImmediateFreeze, [o.Header.AllObjects(20, 0)]),
        lambda: master.Write(o.TimeAndInterval(o.DNPTime(1700000000000), 5, o.IntervalUnits.Days), 0),
        lambda: master.ReadFile("/a.txt", done),
        lambda: master.WriteFile("/b.txt", b"x" * 2000, o.FilePermissions(), done),
        lambda: master.GetFileInfo("/a.txt", done),
        lambda: master.DeleteFile("/a.txt", done),
    ):
        try:
            step()
        except Exception as e:  # of a function that this version of the library does not have
            print(e, file=sys.stderr)
        time.sleep(0.4)
    time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    {"serve": serve, "use": use}[sys.argv[1]](*sys.argv[2:])
