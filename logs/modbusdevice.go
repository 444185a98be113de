package logs

import (
	"net/netip"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// knownModbus builds known_modbus.log after Zeek's
// policy/protocols/modbus/known-masters-slaves: a row for each host and role, once a day.
type knownModbus struct {
	out schemas.Emitter
	now func() value.Time
	rec schemas.KnownModbus
	key []byte
}

func installKnownModbus(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &knownModbus{out: out, now: o.Now}
	h.Modbus.Message.Listen(func(e *event.ModbusMessage) {
		id := e.Conn.ID()
		b.seen(id.OrigH, "Known::MODBUS_MASTER")
		b.seen(id.RespH, "Known::MODBUS_SLAVE")
	})
}

func (b *knownModbus) seen(host netip.Addr, role value.Enum) {
	b.rec = schemas.KnownModbus{TS: b.now(), Host: host, DeviceType: role}
	b.key = append(host.AppendTo(b.key[:0]), role...)
	b.out.EmitGated(&b.rec, schemas.Gate{Kind: schemas.GateDaily, Key: text(b.key)})
}

// maxModbusRegisters bounds the registers kept for all devices. Beyond it the devices seen
// first are dropped.
const maxModbusRegisters = 1 << 20

// registerChange builds modbus_register_change.log after Zeek's
// policy/protocols/modbus/track-memmap: a row for each holding register whose value differs
// from the last one read. Registers are kept by device and client, because other clients may
// be in other shards.
type registerChange struct {
	states[modbusTrack]
	out schemas.Emitter
	now func() value.Time

	devices map[hostPair]registers
	order   []hostPair // of devices, in the order in which they were first seen
	total   int        // registers of all devices

	rec    schemas.ModbusRegisterChange
	uidBuf []byte
}

type hostPair struct{ client, device netip.Addr }

// registers are the values of a device's registers, by their numbers from 1.
type registers map[uint64]registerValue

type registerValue struct {
	value uint64
	since value.Time
}

// modbusTrack is the register that the next response of a connection begins with.
type modbusTrack struct{ next uint64 }

func installModbusRegisterChange(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &registerChange{out: out, now: o.Now, devices: make(map[hostPair]registers)}
	b.init(h, nil)
	h.Modbus.ReadHoldingRegistersRequest.Listen(func(e *event.ModbusReadHoldingRegistersRequest) {
		b.track(e.Conn).next = e.StartAddress + 1
	})
	h.Modbus.ReadHoldingRegistersResponse.Listen(b.read)
}

func (b *registerChange) track(c event.Conn) *modbusTrack {
	s := b.known(c)
	if s == nil {
		s = b.add(c)
		*s = modbusTrack{}
	}
	return s
}

// read compares the registers of a response with their last values.
func (b *registerChange) read(e *event.ModbusReadHoldingRegistersResponse) {
	if len(e.Registers) == 0 {
		return // every known device has a register, and counts
	}
	s, id, now := b.track(e.Conn), e.Conn.ID(), b.now()
	pair := hostPair{id.OrigH, id.RespH}
	known := b.devices[pair]
	if known == nil {
		known = make(registers)
		b.devices[pair] = known
		b.order = append(b.order, pair)
	}
	for _, v := range e.Registers {
		old, ok := known[s.next]
		if !ok {
			b.total++
		} else if old.value != v {
			uid := e.Conn.UID()
			b.uidBuf = uid.Append(b.uidBuf[:0])
			b.rec = schemas.ModbusRegisterChange{TS: now, UID: text(b.uidBuf), ID: Endpoints(&id),
				Register: s.next, OldVal: old.value, NewVal: v, Delta: value.Interval(now.Seconds() - old.since.Seconds())}
			b.out.Emit(&b.rec)
		}
		if !ok || old.value != v {
			known[s.next] = registerValue{v, now}
		}
		s.next++
	}
	for b.total > maxModbusRegisters {
		b.total -= len(b.devices[b.order[0]])
		delete(b.devices, b.order[0])
		b.order = b.order[1:]
	}
}
