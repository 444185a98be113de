package logs

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

func modbusConn(t *testing.T, endpoints string) *fakeConn {
	return &fakeConn{id: connID(t, value.ProtoTCP, endpoints), uid: uid(1)}
}

const modbusFlow = " ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=502"

func TestModbus(t *testing.T) {
	b := newBench(t, "modbus")
	c := modbusConn(t, "10.0.0.1:1024 10.0.0.2:502")
	for _, m := range []struct {
		fc     uint64
		isOrig bool
		want   string
	}{
		{1, true, "READ_COILS pdu_type=REQ"},
		{43, false, "ENCAP_INTERFACE_TRANSPORT pdu_type=RESP"},
		{65, true, "unknown-65 pdu_type=REQ"},
		{0, true, "unknown-0 pdu_type=REQ"},
	} {
		b.hooks.Modbus.Message.Raise(&event.ModbusMessage{Conn: c, IsOrig: m.isOrig, Headers: event.ModbusHeaders{TID: 7, UID: 8, FunctionCode: m.fc}})
		b.out.expect(t, "modbus"+modbusFlow+" tid=7 unit=8 func="+m.want)
	}
	for _, m := range []struct {
		fc, code uint64
		want     string
	}{
		{0x83, 2, "READ_HOLDING_REGISTERS_EXCEPTION pdu_type=RESP exception=ILLEGAL_DATA_ADDRESS"},
		{0xff, 7, "REPORT_LOCAL_ADDRESS_EXCEPTION pdu_type=RESP exception=unknown-7"},
		{0xe4, 255, "unknown-228 pdu_type=RESP exception=unknown-255"},
	} {
		h := event.ModbusHeaders{FunctionCode: m.fc}
		b.hooks.Modbus.Message.Raise(&event.ModbusMessage{Conn: c, Headers: h})
		b.out.expect(t)
		b.hooks.Modbus.Exception.Raise(&event.ModbusException{Conn: c, Headers: h, Code: m.code})
		b.out.expect(t, "modbus"+modbusFlow+" tid=0 unit=0 func="+m.want)
	}
	b.hooks.Modbus.Message.Raise(&event.ModbusMessage{Conn: c, Headers: event.ModbusHeaders{FunctionCode: 1}})
	b.out.expect(t, "modbus"+modbusFlow+" tid=0 unit=0 func=READ_COILS pdu_type=RESP")
}

func TestKnownModbus(t *testing.T) {
	b := newBench(t, "known_modbus")
	raise := func(isOrig bool) {
		b.hooks.Modbus.Message.Raise(&event.ModbusMessage{Conn: modbusConn(t, "10.0.0.1:1024 10.0.0.2:502"), IsOrig: isOrig})
	}
	row := func(host, role string) string {
		key := netip.MustParseAddr(host).String() + role
		return fmt.Sprintf("known_modbus ts=1 host=%s device_type=%s [%d %q]", host, role, schemas.GateDaily, key)
	}
	// Roles go by who opened the connection, not by who speaks.
	for _, isOrig := range []bool{true, false} {
		raise(isOrig)
		b.out.expect(t, row("10.0.0.1", "Known::MODBUS_MASTER"), row("10.0.0.2", "Known::MODBUS_SLAVE"))
	}
}

// registerTalk raises the events of reading holding registers.
type registerTalk struct{ *bench }

func (r registerTalk) request(c *fakeConn, start uint64) {
	r.hooks.Modbus.ReadHoldingRegistersRequest.Raise(&event.ModbusReadHoldingRegistersRequest{Conn: c, StartAddress: start})
}

func (r registerTalk) response(c *fakeConn, values ...uint64) {
	r.hooks.Modbus.ReadHoldingRegistersResponse.Raise(&event.ModbusReadHoldingRegistersResponse{Conn: c, Registers: values})
}

func TestModbusRegisterChange(t *testing.T) {
	r := registerTalk{newBench(t, "modbus_register_change")}
	c := modbusConn(t, "10.0.0.1:1024 10.0.0.2:502")
	r.request(c, 10)
	r.response(c, 1, 2)
	r.response(c, 3) // goes on where the last ended
	r.out.expect(t)

	r.now = 2e9
	r.request(c, 11)
	r.response(c, 2, 4)
	const flow = " uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=502"
	r.out.expect(t, "modbus_register_change ts=2"+flow+" register=13 old_val=3 new_val=4 delta=1")

	// The values of a device's registers outlive the connection, the position does not.
	r.now = 4e9
	endConn(&r.hooks, c)
	r.request(c, 10)
	r.response(c, 0, 2, 5)
	r.out.expect(t, "modbus_register_change ts=4"+flow+" register=11 old_val=1 new_val=0 delta=3",
		"modbus_register_change ts=4"+flow+" register=13 old_val=4 new_val=5 delta=2")

	// Another client has no values.
	other := modbusConn(t, "10.0.0.3:1024 10.0.0.2:502")
	r.request(other, 10)
	r.response(other, 9, 9, 9)
	r.out.expect(t)
}

// TestModbusRegisterLimit checks the bound of registers over many devices.
func TestModbusRegisterLimit(t *testing.T) {
	var h event.Hooks
	var out recorder
	installModbusRegisterChange(&h, &out, &Options{Now: func() value.Time { return 1e9 }})
	b := &bench{hooks: h}
	r := registerTalk{b}
	first := modbusConn(t, "10.0.0.1:1024 10.0.0.2:502")
	r.request(first, 0)
	r.response(first, 1)
	values := make([]uint64, 1<<16)
	for i := range maxModbusRegisters / len(values) {
		c := modbusConn(t, fmt.Sprintf("10.0.0.1:1024 10.1.0.%d:502", i))
		r.request(c, 0)
		r.response(c, values...)
		r.response(c) // an answer without registers is nothing to remember
	}
	r.request(first, 0)
	r.response(first, 2)
	out.expect(t)
	r.request(first, 0)
	r.response(first, 3)
	if n := len(out.take()); n != 1 {
		t.Errorf("%d changes of a device that is known again", n)
	}
}
