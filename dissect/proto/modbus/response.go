package modbus

import "github.com/wirelog/wirelog/dissect/event"

// response parses a response after its function code. Exceptions are parsed elsewhere.
func (d *decoder) response() {
	switch d.headers.FunctionCode {
	case fcReadCoils:
		if b, ok := d.counted("ReadCoilsResponse:byte_count", "ReadCoilsResponse:bits", 0); ok {
			if e := d.hooks.ReadCoilsResponse.Begin(); e != nil {
				*e = event.ModbusReadCoilsResponse{Conn: d.c, Headers: d.headers, Coils: d.unpack(b, 8*len(b))}
				d.hooks.ReadCoilsResponse.Raise(e)
			}
		}
	case fcReadDiscreteInputs:
		if b, ok := d.counted("ReadDiscreteInputsResponse:byte_count", "ReadDiscreteInputsResponse:bits", 0); ok {
			if e := d.hooks.ReadDiscreteInputsResponse.Begin(); e != nil {
				*e = event.ModbusReadDiscreteInputsResponse{Conn: d.c, Headers: d.headers, Coils: d.unpack(b, 8*len(b))}
				d.hooks.ReadDiscreteInputsResponse.Raise(e)
			}
		}
	case fcReadHoldingRegisters:
		b, ok := d.counted("ReadHoldingRegistersResponse:byte_count", "ReadHoldingRegistersResponse:registers", 0)
		if ok && d.even("read holding register response byte count", len(b)) {
			if e := d.hooks.ReadHoldingRegistersResponse.Begin(); e != nil {
				*e = event.ModbusReadHoldingRegistersResponse{Conn: d.c, Headers: d.headers, Registers: d.words(b, len(b)/2)}
				d.hooks.ReadHoldingRegistersResponse.Raise(e)
			}
		}
	case fcReadInputRegisters:
		b, ok := d.counted("ReadInputRegistersResponse:byte_count", "ReadInputRegistersResponse:registers", 0)
		if ok && d.even("read input register response byte count", len(b)) {
			if e := d.hooks.ReadInputRegistersResponse.Begin(); e != nil {
				*e = event.ModbusReadInputRegistersResponse{Conn: d.c, Headers: d.headers, Registers: d.words(b, len(b)/2)}
				d.hooks.ReadInputRegistersResponse.Raise(e)
			}
		}
	case fcWriteSingleCoil:
		if d.has("WriteSingleCoilResponse", 0, 4) {
			if on, ok := coil(d.word(2)); ok {
				raise(&d.hooks.WriteSingleCoilResponse, event.ModbusWriteSingleCoilResponse{Conn: d.c, Headers: d.headers, Address: d.word(0), Value: on})
			}
		}
	case fcWriteSingleRegister:
		if d.has("WriteSingleRegisterResponse", 0, 4) {
			raise(&d.hooks.WriteSingleRegisterResponse, event.ModbusWriteSingleRegisterResponse{Conn: d.c, Headers: d.headers, Address: d.word(0), Value: d.word(2)})
		}
	case fcDiagnostics:
		d.has("DiagnosticsResponse:subfunction", 0, 2)
	case fcWriteMultipleCoils:
		if d.has("WriteMultipleCoilsResponse", 0, 4) {
			raise(&d.hooks.WriteMultipleCoilsResponse, event.ModbusWriteMultipleCoilsResponse{Conn: d.c, Headers: d.headers, StartAddress: d.word(0), Quantity: d.word(2)})
		}
	case fcWriteMultipleRegisters:
		if d.has("WriteMultipleRegistersResponse", 0, 4) {
			raise(&d.hooks.WriteMultipleRegistersResponse, event.ModbusWriteMultipleRegistersResponse{Conn: d.c, Headers: d.headers, StartAddress: d.word(0), Quantity: d.word(2)})
		}
	case fcReadFileRecord:
		b, ok := d.counted("ReadFileRecordResponse:byte_count", "ReadFileRecordResponse:references", 0)
		if ok && d.fileResponses(b) {
			raise(&d.hooks.ReadFileRecordResponse, event.ModbusReadFileRecordResponse{Conn: d.c, Headers: d.headers, ByteCount: uint64(len(b)), Refs: d.responses})
		}
	case fcWriteFileRecord:
		b, ok := d.counted("WriteFileRecordResponse:byte_count", "WriteFileRecordResponse:references", 0)
		if ok && d.fileReferences(b) {
			raise(&d.hooks.WriteFileRecordResponse, event.ModbusWriteFileRecordResponse{Conn: d.c, Headers: d.headers, ByteCount: uint64(len(b)), Refs: d.files})
		}
	case fcMaskWriteRegister:
		if d.has("MaskWriteRegisterResponse", 0, 6) {
			raise(&d.hooks.MaskWriteRegisterResponse, event.ModbusMaskWriteRegisterResponse{Conn: d.c, Headers: d.headers, Address: d.word(0), AndMask: d.word(2), OrMask: d.word(4)})
		}
	case fcReadWriteMultipleRegisters:
		b, ok := d.counted("ReadWriteMultipleRegistersResponse:byte_count", "ReadWriteMultipleRegistersResponse:registers", 0)
		if ok && d.even("read write multiple registers response byte count", len(b)) {
			if e := d.hooks.ReadWriteMultipleRegistersResponse.Begin(); e != nil {
				*e = event.ModbusReadWriteMultipleRegistersResponse{Conn: d.c, Headers: d.headers, WrittenRegisters: d.words(b, len(b)/2)}
				d.hooks.ReadWriteMultipleRegistersResponse.Raise(e)
			}
		}
	case fcReadFIFOQueue:
		d.queue()
	case fcEncapsulatedInterface:
		d.has("EncapInterfaceTransportResponse:mei_type", 0, 1)
	}
}

// queue parses a response with a queue of registers (section 6.18). As in Zeek, the register
// count decides; the byte count is redundant.
func (d *decoder) queue() {
	const fixed = 4
	if !d.has("ReadFIFOQueueResponse:fifo_count", 2, 2) {
		return
	}
	n := int(d.word(2))
	if !d.has("ReadFIFOQueueResponse:register_data", fixed, 2*n) ||
		!d.even("read FIFO queue response byte count", int(d.word(0))) {
		return
	}
	if e := d.hooks.ReadFIFOQueueResponse.Begin(); e != nil {
		*e = event.ModbusReadFIFOQueueResponse{Conn: d.c, Headers: d.headers, Fifos: d.words(d.b[fixed:], n)}
		d.hooks.ReadFIFOQueueResponse.Raise(e)
	}
}
