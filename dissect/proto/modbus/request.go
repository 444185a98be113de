package modbus

import "github.com/wirelog/wirelog/dissect/event"

// request parses a request after its function code. Requests with an unknown function are not
// parsed.
func (d *decoder) request() {
	switch d.headers.FunctionCode {
	case fcReadCoils:
		if d.has("ReadCoilsRequest", 0, 4) {
			raise(&d.hooks.ReadCoilsRequest, event.ModbusReadCoilsRequest{Conn: d.c, Headers: d.headers, StartAddress: d.word(0), Quantity: d.word(2)})
		}
	case fcReadDiscreteInputs:
		if d.has("ReadDiscreteInputsRequest", 0, 4) {
			raise(&d.hooks.ReadDiscreteInputsRequest, event.ModbusReadDiscreteInputsRequest{Conn: d.c, Headers: d.headers, StartAddress: d.word(0), Quantity: d.word(2)})
		}
	case fcReadHoldingRegisters:
		if d.has("ReadHoldingRegistersRequest", 0, 4) {
			raise(&d.hooks.ReadHoldingRegistersRequest, event.ModbusReadHoldingRegistersRequest{Conn: d.c, Headers: d.headers, StartAddress: d.word(0), Quantity: d.word(2)})
		}
	case fcReadInputRegisters:
		if d.has("ReadInputRegistersRequest", 0, 4) {
			raise(&d.hooks.ReadInputRegistersRequest, event.ModbusReadInputRegistersRequest{Conn: d.c, Headers: d.headers, StartAddress: d.word(0), Quantity: d.word(2)})
		}
	case fcWriteSingleCoil:
		if d.has("WriteSingleCoilRequest", 0, 4) {
			if on, ok := coil(d.word(2)); ok {
				raise(&d.hooks.WriteSingleCoilRequest, event.ModbusWriteSingleCoilRequest{Conn: d.c, Headers: d.headers, Address: d.word(0), Value: on})
			}
		}
	case fcWriteSingleRegister:
		if d.has("WriteSingleRegisterRequest", 0, 4) {
			raise(&d.hooks.WriteSingleRegisterRequest, event.ModbusWriteSingleRegisterRequest{Conn: d.c, Headers: d.headers, Address: d.word(0), Value: d.word(2)})
		}
	case fcDiagnostics:
		d.has("DiagnosticsRequest:subfunction", 0, 2)
	case fcWriteMultipleCoils:
		d.writeCoils()
	case fcWriteMultipleRegisters:
		d.writeRegisters()
	case fcReadFileRecord:
		d.readFile()
	case fcWriteFileRecord:
		d.writeFile()
	case fcMaskWriteRegister:
		if d.has("MaskWriteRegisterRequest", 0, 6) {
			raise(&d.hooks.MaskWriteRegisterRequest, event.ModbusMaskWriteRegisterRequest{Conn: d.c, Headers: d.headers, Address: d.word(0), AndMask: d.word(2), OrMask: d.word(4)})
		}
	case fcReadWriteMultipleRegisters:
		d.readWriteRegisters()
	case fcReadFIFOQueue:
		if d.has("ReadFIFOQueueRequest", 0, 2) {
			raise(&d.hooks.ReadFIFOQueueRequest, event.ModbusReadFIFOQueueRequest{Conn: d.c, Headers: d.headers, StartAddress: d.word(0)})
		}
	case fcEncapsulatedInterface:
		d.has("EncapInterfaceTransportRequest:mei_type", 0, 1)
	}
}

// writeCoils parses a request to write coils (section 6.11).
func (d *decoder) writeCoils() {
	b, ok := d.counted("WriteMultipleCoilsRequest:byte_count", "WriteMultipleCoilsRequest:coils", 4)
	if !ok {
		return
	}
	if e := d.hooks.WriteMultipleCoilsRequest.Begin(); e != nil {
		*e = event.ModbusWriteMultipleCoilsRequest{Conn: d.c, Headers: d.headers, StartAddress: d.word(0), Coils: d.unpack(b, int(d.word(2)))}
		d.hooks.WriteMultipleCoilsRequest.Raise(e)
	}
}

// writeRegisters parses a request to write registers (section 6.12). As in Zeek, the quantity
// decides their number if they are present.
func (d *decoder) writeRegisters() {
	b, ok := d.counted("WriteMultipleRegistersRequest:byte_count", "WriteMultipleRegistersRequest:registers", 4)
	if !ok {
		return
	}
	n := int(d.word(2))
	if !d.fits("WriteMultipleRegistersRequest:registers", n, b) || !d.even("write multiple registers request byte count", len(b)) {
		return
	}
	if e := d.hooks.WriteMultipleRegistersRequest.Begin(); e != nil {
		*e = event.ModbusWriteMultipleRegistersRequest{Conn: d.c, Headers: d.headers, StartAddress: d.word(0), Registers: d.words(b, n)}
		d.hooks.WriteMultipleRegistersRequest.Raise(e)
	}
}

// fits reports whether b has n registers, and records it if not.
func (d *decoder) fits(where string, n int, b []byte) bool {
	if n <= len(b)/2 {
		return true
	}
	d.where, d.need, d.have = where, n, len(b)
	return false
}

// readFile parses a request to read file records (section 6.14).
func (d *decoder) readFile() {
	b, ok := d.counted("ReadFileRecordRequest:byte_count", "ReadFileRecordRequest:references", 0)
	if !ok || !d.fileRequests(b) {
		return
	}
	raise(&d.hooks.ReadFileRecordRequest, event.ModbusReadFileRecordRequest{Conn: d.c, Headers: d.headers, ByteCount: uint64(len(b)), Refs: d.requests})
}

// writeFile parses a request to write file records (section 6.15).
func (d *decoder) writeFile() {
	b, ok := d.counted("WriteFileRecordRequest:byte_count", "WriteFileRecordRequest:references", 0)
	if !ok || !d.fileReferences(b) {
		return
	}
	raise(&d.hooks.WriteFileRecordRequest, event.ModbusWriteFileRecordRequest{Conn: d.c, Headers: d.headers, ByteCount: uint64(len(b)), Refs: d.files})
}

// readWriteRegisters parses a request to write registers and read others (section 6.17).
func (d *decoder) readWriteRegisters() {
	b, ok := d.counted("ReadWriteMultipleRegistersRequest:write_byte_count",
		"ReadWriteMultipleRegistersRequest:write_register_values", 8)
	if !ok {
		return
	}
	n := int(d.word(6))
	if !d.fits("ReadWriteMultipleRegistersRequest:write_register_values", n, b) ||
		!d.even("read write multiple registers request write byte count", len(b)) {
		return
	}
	if e := d.hooks.ReadWriteMultipleRegistersRequest.Begin(); e != nil {
		*e = event.ModbusReadWriteMultipleRegistersRequest{Conn: d.c, Headers: d.headers,
			ReadStartAddress: d.word(0), ReadQuantity: d.word(2), WriteStartAddress: d.word(4), WriteRegisters: d.words(b, n)}
		d.hooks.ReadWriteMultipleRegistersRequest.Raise(e)
	}
}
