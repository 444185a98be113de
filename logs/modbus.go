package logs

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// modbus builds modbus.log after Zeek's base/protocols/modbus: a row a message, when its
// header has been read; an exception's when its code has.
type modbus struct {
	out    schemas.Emitter
	now    func() value.Time
	rec    schemas.Modbus
	uidBuf []byte
	name   []byte
	// exception is the text of a code without a name.
	exception []byte
}

func installModbus(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &modbus{out: out, now: o.Now}
	h.Modbus.Message.Listen(func(e *event.ModbusMessage) {
		if e.Headers.FunctionCode < modbusException {
			b.write(e.Conn, &e.Headers, e.IsOrig)
		}
	})
	h.Modbus.Exception.Listen(func(e *event.ModbusException) {
		name := modbusExceptions[uint8(e.Code)]
		if name == "" {
			b.exception = strconv.AppendUint(append(b.exception[:0], "unknown-"...), e.Code, 10)
			name = text(b.exception)
		}
		b.rec.Exception = value.Some(name)
		b.write(e.Conn, &e.Headers, false)
		b.rec.Exception = value.Opt[string]{}
	})
}

func (b *modbus) write(c event.Conn, h *event.ModbusHeaders, isOrig bool) {
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.name = appendModbusFunction(b.name[:0], uint8(h.FunctionCode))
	r := &b.rec
	r.TS, r.UID, r.ID = b.now(), text(b.uidBuf), Endpoints(&id)
	r.TID, r.Unit, r.Func = value.Some(h.TID), value.Some(h.UID), value.Some(text(b.name))
	r.PDUType = value.Some("RESP")
	if isOrig {
		r.PDUType.V = "REQ"
	}
	b.out.Emit(r)
}

// appendModbusFunction appends the name of a function code, or of the function that an
// exception is about.
func appendModbusFunction(dst []byte, fc uint8) []byte {
	if fc >= modbusException {
		if name := modbusFunctions[fc-modbusException]; name != "" {
			return append(append(dst, name...), "_EXCEPTION"...)
		}
	} else if name := modbusFunctions[fc]; name != "" {
		return append(dst, name...)
	}
	return strconv.AppendUint(append(dst, "unknown-"...), uint64(fc), 10)
}

// modbusException is added to the function code in an exception response.
const modbusException = 0x80

// modbusFunctions are Zeek's names of function codes (base/protocols/modbus/consts).
var modbusFunctions = [modbusException]string{
	0x01: "READ_COILS",
	0x02: "READ_DISCRETE_INPUTS",
	0x03: "READ_HOLDING_REGISTERS",
	0x04: "READ_INPUT_REGISTERS",
	0x05: "WRITE_SINGLE_COIL",
	0x06: "WRITE_SINGLE_REGISTER",
	0x07: "READ_EXCEPTION_STATUS",
	0x08: "DIAGNOSTICS",
	0x09: "PROGRAM_484",
	0x0a: "POLL_484",
	0x0b: "GET_COMM_EVENT_COUNTER",
	0x0c: "GET_COMM_EVENT_LOG",
	0x0d: "PROGRAM_584_984",
	0x0e: "POLL_584_984",
	0x0f: "WRITE_MULTIPLE_COILS",
	0x10: "WRITE_MULTIPLE_REGISTERS",
	0x11: "REPORT_SLAVE_ID",
	0x12: "PROGRAM_884_U84",
	0x13: "RESET_COMM_LINK_884_U84",
	0x14: "READ_FILE_RECORD",
	0x15: "WRITE_FILE_RECORD",
	0x16: "MASK_WRITE_REGISTER",
	0x17: "READ_WRITE_MULTIPLE_REGISTERS",
	0x18: "READ_FIFO_QUEUE",
	0x28: "PROGRAM_CONCEPT",
	0x29: "MULTIPLE_FUNCTION_CODES",
	0x2b: "ENCAP_INTERFACE_TRANSPORT",
	0x5a: "PROGRAM_UNITY",
	0x5b: "OBJECT_MESSAGING",
	0x7d: "FIRMWARE_REPLACEMENT",
	0x7e: "PROGRAM_584_984_2",
	0x7f: "REPORT_LOCAL_ADDRESS",
}

// modbusExceptions are the names of exception codes.
var modbusExceptions = [256]string{
	0x01: "ILLEGAL_FUNCTION",
	0x02: "ILLEGAL_DATA_ADDRESS",
	0x03: "ILLEGAL_DATA_VALUE",
	0x04: "SLAVE_DEVICE_FAILURE",
	0x05: "ACKNOWLEDGE",
	0x06: "SLAVE_DEVICE_BUSY",
	0x08: "MEMORY_PARITY_ERROR",
	0x0a: "GATEWAY_PATH_UNAVAILABLE",
	0x0b: "GATEWAY_TARGET_DEVICE_FAILED_TO_RESPOND",
}
