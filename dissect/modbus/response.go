package modbus

import "github.com/wirelog/wirelog/dissect/event"

// response reads what follows the function code of a response that is no exception.
func (d *decoder) response() {
	switch d.headers.FunctionCode {
	case fcReadCoils:
		if b, ok := d.counted("ReadCoilsResponse:byte_count", "ReadCoilsResponse:bits", 0); ok {
			if h := &d.hooks.ReadCoilsResponse; h.On() {
				d.ev.readCoilsResponse = event.ModbusReadCoilsResponse{Conn: d.c, Headers: d.headers, Coils: d.unpack(b, 8*len(b))}
				h.Raise(&d.ev.readCoilsResponse)
			}
		}
	case fcReadDiscreteInputs:
		if b, ok := d.counted("ReadDiscreteInputsResponse:byte_count", "ReadDiscreteInputsResponse:bits", 0); ok {
			if h := &d.hooks.ReadDiscreteInputsResponse; h.On() {
				d.ev.readDiscreteInputsResponse = event.ModbusReadDiscreteInputsResponse{Conn: d.c, Headers: d.headers, Coils: d.unpack(b, 8*len(b))}
				h.Raise(&d.ev.readDiscreteInputsResponse)
			}
		}
	case fcReadHoldingRegisters:
		b, ok := d.counted("ReadHoldingRegistersResponse:byte_count", "ReadHoldingRegistersResponse:registers", 0)
		if ok && d.even("read holding register response byte count", len(b)) {
			if h := &d.hooks.ReadHoldingRegistersResponse; h.On() {
				d.ev.readHoldingRegistersResponse = event.ModbusReadHoldingRegistersResponse{Conn: d.c, Headers: d.headers, Registers: d.words(b, len(b)/2)}
				h.Raise(&d.ev.readHoldingRegistersResponse)
			}
		}
	case fcReadInputRegisters:
		b, ok := d.counted("ReadInputRegistersResponse:byte_count", "ReadInputRegistersResponse:registers", 0)
		if ok && d.even("read input register response byte count", len(b)) {
			if h := &d.hooks.ReadInputRegistersResponse; h.On() {
				d.ev.readInputRegistersResponse = event.ModbusReadInputRegistersResponse{Conn: d.c, Headers: d.headers, Registers: d.words(b, len(b)/2)}
				h.Raise(&d.ev.readInputRegistersResponse)
			}
		}
	case fcWriteSingleCoil:
		if d.has("WriteSingleCoilResponse", 0, 4) {
			if on, ok := d.coil("response", d.word(2)); ok {
				if h := &d.hooks.WriteSingleCoilResponse; h.On() {
					d.ev.writeSingleCoilResponse = event.ModbusWriteSingleCoilResponse{Conn: d.c, Headers: d.headers, Address: d.word(0), Value: on}
					h.Raise(&d.ev.writeSingleCoilResponse)
				}
			}
		}
	case fcWriteSingleRegister:
		if d.has("WriteSingleRegisterResponse", 0, 4) {
			if h := &d.hooks.WriteSingleRegisterResponse; h.On() {
				d.ev.writeSingleRegisterResponse = event.ModbusWriteSingleRegisterResponse{Conn: d.c, Headers: d.headers, Address: d.word(0), Value: d.word(2)}
				h.Raise(&d.ev.writeSingleRegisterResponse)
			}
		}
	case fcDiagnostics:
		d.has("DiagnosticsResponse:subfunction", 0, 2)
	case fcWriteMultipleCoils:
		if d.has("WriteMultipleCoilsResponse", 0, 4) {
			if h := &d.hooks.WriteMultipleCoilsResponse; h.On() {
				d.ev.writeMultipleCoilsResponse = event.ModbusWriteMultipleCoilsResponse{Conn: d.c, Headers: d.headers, StartAddress: d.word(0), Quantity: d.word(2)}
				h.Raise(&d.ev.writeMultipleCoilsResponse)
			}
		}
	case fcWriteMultipleRegisters:
		if d.has("WriteMultipleRegistersResponse", 0, 4) {
			if h := &d.hooks.WriteMultipleRegistersResponse; h.On() {
				d.ev.writeMultipleRegistersResponse = event.ModbusWriteMultipleRegistersResponse{Conn: d.c, Headers: d.headers, StartAddress: d.word(0), Quantity: d.word(2)}
				h.Raise(&d.ev.writeMultipleRegistersResponse)
			}
		}
	case fcReadFileRecord:
		b, ok := d.counted("ReadFileRecordResponse:byte_count", "ReadFileRecordResponse:references", 0)
		if ok && d.fileResponses(b) {
			if h := &d.hooks.ReadFileRecordResponse; h.On() {
				d.ev.readFileRecordResponse = event.ModbusReadFileRecordResponse{Conn: d.c, Headers: d.headers, ByteCount: uint64(len(b)), Refs: d.responses}
				h.Raise(&d.ev.readFileRecordResponse)
			}
		}
	case fcWriteFileRecord:
		b, ok := d.counted("WriteFileRecordResponse:byte_count", "WriteFileRecordResponse:references", 0)
		if ok && d.fileReferences(b) {
			if h := &d.hooks.WriteFileRecordResponse; h.On() {
				d.ev.writeFileRecordResponse = event.ModbusWriteFileRecordResponse{Conn: d.c, Headers: d.headers, ByteCount: uint64(len(b)), Refs: d.files}
				h.Raise(&d.ev.writeFileRecordResponse)
			}
		}
	case fcMaskWriteRegister:
		if d.has("MaskWriteRegisterResponse", 0, 6) {
			if h := &d.hooks.MaskWriteRegisterResponse; h.On() {
				d.ev.maskWriteRegisterResponse = event.ModbusMaskWriteRegisterResponse{Conn: d.c, Headers: d.headers, Address: d.word(0), AndMask: d.word(2), OrMask: d.word(4)}
				h.Raise(&d.ev.maskWriteRegisterResponse)
			}
		}
	case fcReadWriteMultipleRegisters:
		b, ok := d.counted("ReadWriteMultipleRegistersResponse:byte_count", "ReadWriteMultipleRegistersResponse:registers", 0)
		if ok && d.even("read write multiple registers response byte count", len(b)) {
			if h := &d.hooks.ReadWriteMultipleRegistersResponse; h.On() {
				d.ev.readWriteMultipleRegistersResponse = event.ModbusReadWriteMultipleRegistersResponse{Conn: d.c, Headers: d.headers, WrittenRegisters: d.words(b, len(b)/2)}
				h.Raise(&d.ev.readWriteMultipleRegistersResponse)
			}
		}
	case fcReadFIFOQueue:
		d.queue()
	case fcEncapsulatedInterface:
		d.has("EncapInterfaceTransportResponse:mei_type", 0, 1)
	}
}

// queue is a response with a queue of registers (section 6.18). Its count of bytes says the
// same as that of registers, by which Zeek goes.
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
	if h := &d.hooks.ReadFIFOQueueResponse; h.On() {
		d.ev.readFIFOQueueResponse = event.ModbusReadFIFOQueueResponse{Conn: d.c, Headers: d.headers, Fifos: d.words(d.b[fixed:], n)}
		h.Raise(&d.ev.readFIFOQueueResponse)
	}
}
