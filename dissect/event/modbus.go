package event

// ModbusHeaders is the beginning of a Modbus/TCP message (MODBUS Messaging on TCP/IP
// Implementation Guide V1.0b section 3.1.3) with the function code after it.
//
//wirelog:record ModbusHeaders
type ModbusHeaders struct {
	TID          uint64 `zeek:"tid"`           // transaction identifier
	PID          uint64 `zeek:"pid"`           // protocol identifier, 0 for Modbus
	UID          uint64 `zeek:"uid"`           // unit identifier: the device behind a gateway
	FunctionCode uint64 `zeek:"function_code"` // 128 and above in exception responses
	Len          uint64 `zeek:"len"`           // bytes that follow the length field
}

// ModbusFileRecordRequest names records to be read from a file (MODBUS Application
// Protocol V1.1b3 section 6.14).
//
//wirelog:record ModbusFileRecordRequest
type ModbusFileRecordRequest struct {
	RefType   uint64 `zeek:"ref_type"` // 6
	FileNum   uint64 `zeek:"file_num"`
	RecordNum uint64 `zeek:"record_num"` // the first
	RecordLen uint64 `zeek:"record_len"` // registers of 2 bytes
}

// ModbusFileRecordResponse are records read from a file (section 6.14).
//
//wirelog:record ModbusFileRecordResponse
type ModbusFileRecordResponse struct {
	FileLen    uint64 `zeek:"file_len"`    // bytes of reference type and data
	RefType    uint64 `zeek:"ref_type"`    // 6
	RecordData []byte `zeek:"record_data"` // valid inside the call
}

// ModbusFileReference are records to be written to a file, or that were written
// (section 6.15).
//
//wirelog:record ModbusFileReference
type ModbusFileReference struct {
	RefType    uint64 `zeek:"ref_type"` // 6
	FileNum    uint64 `zeek:"file_num"`
	RecordNum  uint64 `zeek:"record_num"`  // the first
	RecordLen  uint64 `zeek:"record_len"`  // registers of 2 bytes
	RecordData []byte `zeek:"record_data"` // valid inside the call
}

// ModbusMessage is raised for every Modbus message, when its header is there and before
// the event of its function.
//
//wirelog:event modbus_message section=Modbus
type ModbusMessage struct {
	Conn    Conn          `zeek:"c"`
	Headers ModbusHeaders `zeek:"headers"`
	IsOrig  bool          `zeek:"is_orig"` // a request
}

// ModbusException is raised for a response by which a server refuses a request (MODBUS
// Application Protocol V1.1b3 section 7).
//
//wirelog:event modbus_exception section=Modbus
type ModbusException struct {
	Conn    Conn          `zeek:"c"`
	Headers ModbusHeaders `zeek:"headers"`
	Code    uint64        `zeek:"code"` // exception code
}

// ModbusReadCoilsRequest is raised for a request to read coils (section 6.1).
//
//wirelog:event modbus_read_coils_request section=Modbus
type ModbusReadCoilsRequest struct {
	Conn         Conn          `zeek:"c"`
	Headers      ModbusHeaders `zeek:"headers"`
	StartAddress uint64        `zeek:"start_address"` // the first, from 0
	Quantity     uint64        `zeek:"quantity"`
}

// ModbusReadCoilsResponse is raised for the states of coils that were asked for (section
// 6.1).
//
//wirelog:event modbus_read_coils_response section=Modbus
type ModbusReadCoilsResponse struct {
	Conn    Conn          `zeek:"c"`
	Headers ModbusHeaders `zeek:"headers"`
	Coils   []bool        `zeek:"coils" type:"ModbusCoils"` // all bits of the last byte; valid inside the call
}

// ModbusReadDiscreteInputsRequest is raised for a request to read discrete inputs (section
// 6.2).
//
//wirelog:event modbus_read_discrete_inputs_request section=Modbus
type ModbusReadDiscreteInputsRequest struct {
	Conn         Conn          `zeek:"c"`
	Headers      ModbusHeaders `zeek:"headers"`
	StartAddress uint64        `zeek:"start_address"` // the first, from 0
	Quantity     uint64        `zeek:"quantity"`
}

// ModbusReadDiscreteInputsResponse is raised for the states of discrete inputs that were
// asked for (section 6.2).
//
//wirelog:event modbus_read_discrete_inputs_response section=Modbus
type ModbusReadDiscreteInputsResponse struct {
	Conn    Conn          `zeek:"c"`
	Headers ModbusHeaders `zeek:"headers"`
	Coils   []bool        `zeek:"coils" type:"ModbusCoils"` // all bits of the last byte; valid inside the call
}

// ModbusReadHoldingRegistersRequest is raised for a request to read holding registers
// (section 6.3).
//
//wirelog:event modbus_read_holding_registers_request section=Modbus
type ModbusReadHoldingRegistersRequest struct {
	Conn         Conn          `zeek:"c"`
	Headers      ModbusHeaders `zeek:"headers"`
	StartAddress uint64        `zeek:"start_address"` // the first, from 0
	Quantity     uint64        `zeek:"quantity"`
}

// ModbusReadHoldingRegistersResponse is raised for the values of holding registers that
// were asked for (section 6.3).
//
//wirelog:event modbus_read_holding_registers_response section=Modbus
type ModbusReadHoldingRegistersResponse struct {
	Conn      Conn          `zeek:"c"`
	Headers   ModbusHeaders `zeek:"headers"`
	Registers []uint64      `zeek:"registers" type:"ModbusRegisters"` // valid inside the call
}

// ModbusReadInputRegistersRequest is raised for a request to read input registers (section
// 6.4).
//
//wirelog:event modbus_read_input_registers_request section=Modbus
type ModbusReadInputRegistersRequest struct {
	Conn         Conn          `zeek:"c"`
	Headers      ModbusHeaders `zeek:"headers"`
	StartAddress uint64        `zeek:"start_address"` // the first, from 0
	Quantity     uint64        `zeek:"quantity"`
}

// ModbusReadInputRegistersResponse is raised for the values of input registers that were
// asked for (section 6.4).
//
//wirelog:event modbus_read_input_registers_response section=Modbus
type ModbusReadInputRegistersResponse struct {
	Conn      Conn          `zeek:"c"`
	Headers   ModbusHeaders `zeek:"headers"`
	Registers []uint64      `zeek:"registers" type:"ModbusRegisters"` // valid inside the call
}

// ModbusWriteSingleCoilRequest is raised for a request to set a coil (section 6.5).
//
//wirelog:event modbus_write_single_coil_request section=Modbus
type ModbusWriteSingleCoilRequest struct {
	Conn    Conn          `zeek:"c"`
	Headers ModbusHeaders `zeek:"headers"`
	Address uint64        `zeek:"address"` // from 0
	Value   bool          `zeek:"value"`
}

// ModbusWriteSingleCoilResponse is raised for the answer that a coil was set (section
// 6.5).
//
//wirelog:event modbus_write_single_coil_response section=Modbus
type ModbusWriteSingleCoilResponse struct {
	Conn    Conn          `zeek:"c"`
	Headers ModbusHeaders `zeek:"headers"`
	Address uint64        `zeek:"address"` // from 0
	Value   bool          `zeek:"value"`
}

// ModbusWriteSingleRegisterRequest is raised for a request to write a register (section
// 6.6).
//
//wirelog:event modbus_write_single_register_request section=Modbus
type ModbusWriteSingleRegisterRequest struct {
	Conn    Conn          `zeek:"c"`
	Headers ModbusHeaders `zeek:"headers"`
	Address uint64        `zeek:"address"` // from 0
	Value   uint64        `zeek:"value"`
}

// ModbusWriteSingleRegisterResponse is raised for the answer that a register was written
// (section 6.6).
//
//wirelog:event modbus_write_single_register_response section=Modbus
type ModbusWriteSingleRegisterResponse struct {
	Conn    Conn          `zeek:"c"`
	Headers ModbusHeaders `zeek:"headers"`
	Address uint64        `zeek:"address"` // from 0
	Value   uint64        `zeek:"value"`
}

// ModbusWriteMultipleCoilsRequest is raised for a request to set coils (section 6.11).
//
//wirelog:event modbus_write_multiple_coils_request section=Modbus
type ModbusWriteMultipleCoilsRequest struct {
	Conn         Conn          `zeek:"c"`
	Headers      ModbusHeaders `zeek:"headers"`
	StartAddress uint64        `zeek:"start_address"`            // the first, from 0
	Coils        []bool        `zeek:"coils" type:"ModbusCoils"` // as many as the request names and has; valid inside the call
}

// ModbusWriteMultipleCoilsResponse is raised for the answer that coils were set (section
// 6.11).
//
//wirelog:event modbus_write_multiple_coils_response section=Modbus
type ModbusWriteMultipleCoilsResponse struct {
	Conn         Conn          `zeek:"c"`
	Headers      ModbusHeaders `zeek:"headers"`
	StartAddress uint64        `zeek:"start_address"` // the first, from 0
	Quantity     uint64        `zeek:"quantity"`
}

// ModbusWriteMultipleRegistersRequest is raised for a request to write registers (section
// 6.12).
//
//wirelog:event modbus_write_multiple_registers_request section=Modbus
type ModbusWriteMultipleRegistersRequest struct {
	Conn         Conn          `zeek:"c"`
	Headers      ModbusHeaders `zeek:"headers"`
	StartAddress uint64        `zeek:"start_address"`                    // the first, from 0
	Registers    []uint64      `zeek:"registers" type:"ModbusRegisters"` // valid inside the call
}

// ModbusWriteMultipleRegistersResponse is raised for the answer that registers were
// written (section 6.12).
//
//wirelog:event modbus_write_multiple_registers_response section=Modbus
type ModbusWriteMultipleRegistersResponse struct {
	Conn         Conn          `zeek:"c"`
	Headers      ModbusHeaders `zeek:"headers"`
	StartAddress uint64        `zeek:"start_address"` // the first, from 0
	Quantity     uint64        `zeek:"quantity"`
}

// ModbusReadFileRecordRequest is raised for a request to read records of files (section
// 6.14).
//
//wirelog:event modbus_read_file_record_request section=Modbus
type ModbusReadFileRecordRequest struct {
	Conn      Conn                      `zeek:"c"`
	Headers   ModbusHeaders             `zeek:"headers"`
	ByteCount uint64                    `zeek:"byte_count"`                           // bytes of all references
	Refs      []ModbusFileRecordRequest `zeek:"refs" type:"ModbusFileRecordRequests"` // valid inside the call
}

// ModbusReadFileRecordResponse is raised for the records of files that were asked for
// (section 6.14).
//
//wirelog:event modbus_read_file_record_response section=Modbus
type ModbusReadFileRecordResponse struct {
	Conn      Conn                       `zeek:"c"`
	Headers   ModbusHeaders              `zeek:"headers"`
	ByteCount uint64                     `zeek:"byte_count"`                            // bytes of all references
	Refs      []ModbusFileRecordResponse `zeek:"refs" type:"ModbusFileRecordResponses"` // valid inside the call
}

// ModbusWriteFileRecordRequest is raised for a request to write records of files (section
// 6.15).
//
//wirelog:event modbus_write_file_record_request section=Modbus
type ModbusWriteFileRecordRequest struct {
	Conn      Conn                  `zeek:"c"`
	Headers   ModbusHeaders         `zeek:"headers"`
	ByteCount uint64                `zeek:"byte_count"`                       // bytes of all references
	Refs      []ModbusFileReference `zeek:"refs" type:"ModbusFileReferences"` // valid inside the call
}

// ModbusWriteFileRecordResponse is raised for the answer that records of files were
// written, which repeats the request (section 6.15).
//
//wirelog:event modbus_write_file_record_response section=Modbus
type ModbusWriteFileRecordResponse struct {
	Conn      Conn                  `zeek:"c"`
	Headers   ModbusHeaders         `zeek:"headers"`
	ByteCount uint64                `zeek:"byte_count"`                       // bytes of all references
	Refs      []ModbusFileReference `zeek:"refs" type:"ModbusFileReferences"` // valid inside the call
}

// ModbusMaskWriteRegisterRequest is raised for a request to change bits of a register
// (section 6.16).
//
//wirelog:event modbus_mask_write_register_request section=Modbus
type ModbusMaskWriteRegisterRequest struct {
	Conn    Conn          `zeek:"c"`
	Headers ModbusHeaders `zeek:"headers"`
	Address uint64        `zeek:"address"` // from 0
	AndMask uint64        `zeek:"and_mask"`
	OrMask  uint64        `zeek:"or_mask"`
}

// ModbusMaskWriteRegisterResponse is raised for the answer that bits of a register were
// changed (section 6.16).
//
//wirelog:event modbus_mask_write_register_response section=Modbus
type ModbusMaskWriteRegisterResponse struct {
	Conn    Conn          `zeek:"c"`
	Headers ModbusHeaders `zeek:"headers"`
	Address uint64        `zeek:"address"` // from 0
	AndMask uint64        `zeek:"and_mask"`
	OrMask  uint64        `zeek:"or_mask"`
}

// ModbusReadWriteMultipleRegistersRequest is raised for a request to write registers and
// then read others (section 6.17).
//
//wirelog:event modbus_read_write_multiple_registers_request section=Modbus
type ModbusReadWriteMultipleRegistersRequest struct {
	Conn              Conn          `zeek:"c"`
	Headers           ModbusHeaders `zeek:"headers"`
	ReadStartAddress  uint64        `zeek:"read_start_address"`
	ReadQuantity      uint64        `zeek:"read_quantity"`
	WriteStartAddress uint64        `zeek:"write_start_address"`
	WriteRegisters    []uint64      `zeek:"write_registers" type:"ModbusRegisters"` // valid inside the call
}

// ModbusReadWriteMultipleRegistersResponse is raised for the registers that were read
// after the writing (section 6.17).
//
//wirelog:event modbus_read_write_multiple_registers_response section=Modbus
type ModbusReadWriteMultipleRegistersResponse struct {
	Conn             Conn          `zeek:"c"`
	Headers          ModbusHeaders `zeek:"headers"`
	WrittenRegisters []uint64      `zeek:"written_registers" type:"ModbusRegisters"` // those that were read; valid inside the call
}

// ModbusReadFIFOQueueRequest is raised for a request to read a queue of registers (section
// 6.18).
//
//wirelog:event modbus_read_fifo_queue_request section=Modbus
type ModbusReadFIFOQueueRequest struct {
	Conn         Conn          `zeek:"c"`
	Headers      ModbusHeaders `zeek:"headers"`
	StartAddress uint64        `zeek:"start_address"` // of the register with the count
}

// ModbusReadFIFOQueueResponse is raised for the registers in a queue (section 6.18).
//
//wirelog:event modbus_read_fifo_queue_response section=Modbus
type ModbusReadFIFOQueueResponse struct {
	Conn    Conn          `zeek:"c"`
	Headers ModbusHeaders `zeek:"headers"`
	Fifos   []uint64      `zeek:"fifos" type:"ModbusRegisters"` // valid inside the call
}
