package modbus

import (
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
)

// Public function codes (MODBUS Application Protocol V1.1b3 section 5.1).
const (
	fcReadCoils                  = 0x01
	fcReadDiscreteInputs         = 0x02
	fcReadHoldingRegisters       = 0x03
	fcReadInputRegisters         = 0x04
	fcWriteSingleCoil            = 0x05
	fcWriteSingleRegister        = 0x06
	fcDiagnostics                = 0x08
	fcWriteMultipleCoils         = 0x0f
	fcWriteMultipleRegisters     = 0x10
	fcReadFileRecord             = 0x14
	fcWriteFileRecord            = 0x15
	fcMaskWriteRegister          = 0x16
	fcReadWriteMultipleRegisters = 0x17
	fcReadFIFOQueue              = 0x18
	fcEncapsulatedInterface      = 0x2b

	// exceptionBit marks the function code of an exception response (section 7).
	exceptionBit = 0x80
)

// Coil values in a request to write one (section 6.5).
const (
	coilOff = 0x0000
	coilOn  = 0xff00
)

// decoder decodes the data of messages one at a time and raises their events, which point into
// its scratch.
type decoder struct {
	hooks   *event.ModbusEvents
	c       event.Conn
	headers event.ModbusHeaders

	// b is the data. where, if set, names the field that does not fit: it needs need bytes
	// where there are have. invalid, if set, describes any other error.
	b          []byte
	where      string
	need, have int
	invalid    string

	bits      []bool
	registers []uint64
	requests  []event.ModbusFileRecordRequest
	responses []event.ModbusFileRecordResponse
	files     []event.ModbusFileReference
}

// decode decodes a message. It sets where or invalid if the message is invalid.
func (d *decoder) decode(body []byte, isOrig bool) {
	d.b, d.where, d.invalid = body, "", ""
	switch {
	case isOrig:
		d.request()
	case d.headers.FunctionCode&exceptionBit != 0:
		d.exception()
	default:
		d.response()
	}
}

// has reports whether n bytes are present from offset at on, and records it if not.
func (d *decoder) has(where string, at, n int) bool { return d.within(where, d.b, at, n) }

func (d *decoder) within(where string, b []byte, at, n int) bool {
	if at+n <= len(b) {
		return true
	}
	d.where, d.need, d.have = where, at+n, len(b)
	return false
}

func (d *decoder) word(at int) uint64 { return uint64(binary.BigEndian.Uint16(d.b[at:])) }

// unpack returns the first n bits of b, or as many as there are. The first bit is the least
// significant of the first byte (sections 6.1 and 6.11).
func (d *decoder) unpack(b []byte, n int) []bool {
	n = min(n, 8*len(b))
	d.bits = d.bits[:0]
	for i := range n {
		d.bits = append(d.bits, b[i/8]>>(i%8)&1 != 0)
	}
	return d.bits
}

// words returns the first n registers of b, which must be present.
func (d *decoder) words(b []byte, n int) []uint64 {
	d.registers = d.registers[:0]
	for i := range n {
		d.registers = append(d.registers, uint64(binary.BigEndian.Uint16(b[2*i:])))
	}
	return d.registers
}

// counted returns the bytes after their count, which is at offset at. nCount and nBytes
// name the two fields.
func (d *decoder) counted(nCount, nBytes string, at int) (b []byte, ok bool) {
	if !d.has(nCount, at, 1) {
		return nil, false
	}
	n := int(d.b[at])
	if !d.has(nBytes, at+1, n) {
		return nil, false
	}
	return d.b[at+1 : at+1+n], true
}

// even reports whether n bytes are whole registers, and records it if not.
func (d *decoder) even(what string, n int) bool {
	if n%2 != 0 {
		d.invalid = "invalid value for modbus " + what + " " + strconv.Itoa(n)
		return false
	}
	return true
}

// coil decodes the value of a coil. As in Zeek, an invalid value has no event.
func coil(v uint64) (on, ok bool) { return v == coilOn, v == coilOn || v == coilOff }

// raise raises the event v, which costs nothing to fill.
func raise[E any](h event.AnyHook[E], v E) {
	if e := h.Begin(); e != nil {
		*e = v
		h.Raise(e)
	}
}

// exception parses an exception response (section 7).
func (d *decoder) exception() {
	if !d.has("ModbusTCP_ExceptResponse", 0, 1) {
		return
	}
	raise(&d.hooks.Exception, event.ModbusException{Conn: d.c, Headers: d.headers, Code: uint64(d.b[0])})
}

// fileRequests parses the references in a request to read files (section 6.14).
func (d *decoder) fileRequests(b []byte) bool {
	const length = 7
	d.requests = d.requests[:0]
	for len(b) > 0 {
		if !d.within("FileRecordRequest", b, 0, length) {
			return false
		}
		d.requests = append(d.requests, event.ModbusFileRecordRequest{
			RefType: uint64(b[0]), FileNum: uint64(binary.BigEndian.Uint16(b[1:])),
			RecordNum: uint64(binary.BigEndian.Uint16(b[3:])), RecordLen: uint64(binary.BigEndian.Uint16(b[5:])),
		})
		b = b[length:]
	}
	return true
}

// fileResponses parses the file records in a read response (section 6.14). Unlike in Zeek, a
// record's length counts its reference type.
func (d *decoder) fileResponses(b []byte) bool {
	d.responses = d.responses[:0]
	for len(b) > 0 {
		if !d.within("FileRecordResponse:ref_type", b, 1, 1) {
			return false
		}
		n := int(b[0])
		if n == 0 {
			d.invalid = "invalid value for modbus read file record response length 0"
			return false
		}
		if !d.within("FileRecordResponse:record_data", b, 1, n) {
			return false
		}
		d.responses = append(d.responses, event.ModbusFileRecordResponse{
			FileLen: uint64(n), RefType: uint64(b[1]), RecordData: b[2 : 1+n],
		})
		b = b[1+n:]
	}
	return true
}

// fileReferences parses the file records in a write request or response (section 6.15).
func (d *decoder) fileReferences(b []byte) bool {
	const length = 7
	d.files = d.files[:0]
	for len(b) > 0 {
		if !d.within("ReferenceWithData:record_length", b, length-2, 2) {
			return false
		}
		n := int(binary.BigEndian.Uint16(b[5:]))
		if !d.within("ReferenceWithData:record_data", b, length, 2*n) {
			return false
		}
		d.files = append(d.files, event.ModbusFileReference{
			RefType: uint64(b[0]), FileNum: uint64(binary.BigEndian.Uint16(b[1:])),
			RecordNum: uint64(binary.BigEndian.Uint16(b[3:])), RecordLen: uint64(n), RecordData: b[length : length+2*n],
		})
		b = b[length+2*n:]
	}
	return true
}
