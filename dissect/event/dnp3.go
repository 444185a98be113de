package event

// The events of DNP3 (IEEE 1815-2012). A value of 16 or 32 bits with a sign is extended to
// 64 bits, so that -1 is 18446744073709551615, as in Zeek.

// DNP3AnalogInput16wFlag is raised for an object of group 30 variation 2: an analog input
// of 16 bits with a flag byte.
//
//wirelog:event dnp3_analog_input_16wFlag section=DNP3
type DNP3AnalogInput16wFlag struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Flag   uint64 `zeek:"flag"`  // flag byte of the point
	Value  uint64 `zeek:"value"` // a negative one counts from 2^64 down
}

// DNP3AnalogInput16woFlag is raised for an object of group 30 variation 4: an analog input
// of 16 bits without flags.
//
//wirelog:event dnp3_analog_input_16woFlag section=DNP3
type DNP3AnalogInput16woFlag struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Value  uint64 `zeek:"value"` // a negative one counts from 2^64 down
}

// DNP3AnalogInput32wFlag is raised for an object of group 30 variation 1: an analog input
// of 32 bits with a flag byte.
//
//wirelog:event dnp3_analog_input_32wFlag section=DNP3
type DNP3AnalogInput32wFlag struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Flag   uint64 `zeek:"flag"`  // flag byte of the point
	Value  uint64 `zeek:"value"` // a negative one counts from 2^64 down
}

// DNP3AnalogInput32woFlag is raised for an object of group 30 variation 3: an analog input
// of 32 bits without flags.
//
//wirelog:event dnp3_analog_input_32woFlag section=DNP3
type DNP3AnalogInput32woFlag struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Value  uint64 `zeek:"value"` // a negative one counts from 2^64 down
}

// DNP3AnalogInputDPwFlag is raised for an object of group 30 variation 6: an analog input
// in double precision with a flag byte.
//
//wirelog:event dnp3_analog_input_DPwFlag section=DNP3
type DNP3AnalogInputDPwFlag struct {
	Conn      Conn   `zeek:"c"`
	IsOrig    bool   `zeek:"is_orig"`
	Flag      uint64 `zeek:"flag"`       // flag byte of the point
	ValueLow  uint64 `zeek:"value_low"`  // low 32 IEEE 754 bits
	ValueHigh uint64 `zeek:"value_high"` // high 32 IEEE 754 bits
}

// DNP3AnalogInputSPwFlag is raised for an object of group 30 variation 5: an analog input
// in single precision with a flag byte.
//
//wirelog:event dnp3_analog_input_SPwFlag section=DNP3
type DNP3AnalogInputSPwFlag struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Flag   uint64 `zeek:"flag"`  // flag byte of the point
	Value  uint64 `zeek:"value"` // IEEE 754 bits
}

// DNP3AnalogInputEvent16wTime is raised for an object of group 32 variation 4: a change of
// an analog input, 16 bits with the time.
//
//wirelog:event dnp3_analog_input_event_16wTime section=DNP3
type DNP3AnalogInputEvent16wTime struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Flag   uint64 `zeek:"flag"`   // flag byte of the point
	Value  uint64 `zeek:"value"`  // a negative one counts from 2^64 down
	Time48 uint64 `zeek:"time48"` // milliseconds since 1970 (UTC)
}

// DNP3AnalogInputEvent16woTime is raised for an object of group 32 variation 2: a change
// of an analog input, 16 bits without a time.
//
//wirelog:event dnp3_analog_input_event_16woTime section=DNP3
type DNP3AnalogInputEvent16woTime struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Flag   uint64 `zeek:"flag"`  // flag byte of the point
	Value  uint64 `zeek:"value"` // a negative one counts from 2^64 down
}

// DNP3AnalogInputEvent32wTime is raised for an object of group 32 variation 3: a change of
// an analog input, 32 bits with the time.
//
//wirelog:event dnp3_analog_input_event_32wTime section=DNP3
type DNP3AnalogInputEvent32wTime struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Flag   uint64 `zeek:"flag"`   // flag byte of the point
	Value  uint64 `zeek:"value"`  // a negative one counts from 2^64 down
	Time48 uint64 `zeek:"time48"` // milliseconds since 1970 (UTC)
}

// DNP3AnalogInputEvent32woTime is raised for an object of group 32 variation 1: a change
// of an analog input, 32 bits without a time.
//
//wirelog:event dnp3_analog_input_event_32woTime section=DNP3
type DNP3AnalogInputEvent32woTime struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Flag   uint64 `zeek:"flag"`  // flag byte of the point
	Value  uint64 `zeek:"value"` // a negative one counts from 2^64 down
}

// DNP3AnalogInputEventDPwTime is raised for an object of group 32 variation 8: a change of
// an analog input, double precision with the time.
//
//wirelog:event dnp3_analog_input_event_DPwTime section=DNP3
type DNP3AnalogInputEventDPwTime struct {
	Conn      Conn   `zeek:"c"`
	IsOrig    bool   `zeek:"is_orig"`
	Flag      uint64 `zeek:"flag"`       // flag byte of the point
	ValueLow  uint64 `zeek:"value_low"`  // low 32 IEEE 754 bits
	ValueHigh uint64 `zeek:"value_high"` // high 32 IEEE 754 bits
	Time48    uint64 `zeek:"time48"`     // milliseconds since 1970 (UTC)
}

// DNP3AnalogInputEventDPwoTime is raised for an object of group 32 variation 6: a change
// of an analog input, double precision without a time.
//
//wirelog:event dnp3_analog_input_event_DPwoTime section=DNP3
type DNP3AnalogInputEventDPwoTime struct {
	Conn      Conn   `zeek:"c"`
	IsOrig    bool   `zeek:"is_orig"`
	Flag      uint64 `zeek:"flag"`       // flag byte of the point
	ValueLow  uint64 `zeek:"value_low"`  // low 32 IEEE 754 bits
	ValueHigh uint64 `zeek:"value_high"` // high 32 IEEE 754 bits
}

// DNP3AnalogInputEventSPwTime is raised for an object of group 32 variation 7: a change of
// an analog input, single precision with the time.
//
//wirelog:event dnp3_analog_input_event_SPwTime section=DNP3
type DNP3AnalogInputEventSPwTime struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Flag   uint64 `zeek:"flag"`   // flag byte of the point
	Value  uint64 `zeek:"value"`  // IEEE 754 bits
	Time48 uint64 `zeek:"time48"` // milliseconds since 1970 (UTC)
}

// DNP3AnalogInputEventSPwoTime is raised for an object of group 32 variation 5: a change
// of an analog input, single precision without a time.
//
//wirelog:event dnp3_analog_input_event_SPwoTime section=DNP3
type DNP3AnalogInputEventSPwoTime struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Flag   uint64 `zeek:"flag"`  // flag byte of the point
	Value  uint64 `zeek:"value"` // IEEE 754 bits
}

// DNP3ApplicationRequestHeader is raised for the application header of a request.
//
//wirelog:event dnp3_application_request_header section=DNP3
type DNP3ApplicationRequestHeader struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Application uint64 `zeek:"application"` // control byte: FIR, FIN, CON, UNS and the sequence number
	FC          uint64 `zeek:"fc"`          // function code
}

// DNP3ApplicationResponseHeader is raised for the application header of a response.
//
//wirelog:event dnp3_application_response_header section=DNP3
type DNP3ApplicationResponseHeader struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Application uint64 `zeek:"application"` // control byte: FIR, FIN, CON, UNS and the sequence number
	FC          uint64 `zeek:"fc"`          // function code
	IIN         uint64 `zeek:"iin"`         // internal indications, the first byte in the high bits
}

// DNP3AttributeCommon is raised for a device attribute, an object of group 0.
//
//wirelog:event dnp3_attribute_common section=DNP3
type DNP3AttributeCommon struct {
	Conn         Conn   `zeek:"c"`
	IsOrig       bool   `zeek:"is_orig"`
	DataTypeCode uint64 `zeek:"data_type_code"` // type of the value
	Leng         uint64 `zeek:"leng"`           // bytes of attribute_obj
	AttributeObj []byte `zeek:"attribute_obj"`  // valid inside the call
}

// DNP3Counter16wFlag is raised for an object of group 20 variation 2: a counter of 16 bits
// with a flag byte.
//
//wirelog:event dnp3_counter_16wFlag section=DNP3
type DNP3Counter16wFlag struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	Flag       uint64 `zeek:"flag"` // flag byte of the point
	CountValue uint64 `zeek:"count_value"`
}

// DNP3Counter16woFlag is raised for an object of group 20 variation 6: a counter of 16
// bits without flags.
//
//wirelog:event dnp3_counter_16woFlag section=DNP3
type DNP3Counter16woFlag struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	CountValue uint64 `zeek:"count_value"`
}

// DNP3Counter32wFlag is raised for an object of group 20 variation 1: a counter of 32 bits
// with a flag byte.
//
//wirelog:event dnp3_counter_32wFlag section=DNP3
type DNP3Counter32wFlag struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	Flag       uint64 `zeek:"flag"` // flag byte of the point
	CountValue uint64 `zeek:"count_value"`
}

// DNP3Counter32woFlag is raised for an object of group 20 variation 5: a counter of 32
// bits without flags.
//
//wirelog:event dnp3_counter_32woFlag section=DNP3
type DNP3Counter32woFlag struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	CountValue uint64 `zeek:"count_value"`
}

// DNP3CROB is raised for a control relay output block, group 12 variation 1.
//
//wirelog:event dnp3_crob section=DNP3
type DNP3CROB struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	ControlCode uint64 `zeek:"control_code"` // operation, queue, clear and trip-close bits
	Count8      uint64 `zeek:"count8"`       // how often the output is operated
	OnTime      uint64 `zeek:"on_time"`      // milliseconds
	OffTime     uint64 `zeek:"off_time"`     // milliseconds
	StatusCode  uint64 `zeek:"status_code"`  // result, in responses
}

// DNP3DebugByte is raised for bytes of a response whose layout is not known: those of an
// obsolete or unknown object, or all after the header of an unknown function code.
//
//wirelog:event dnp3_debug_byte section=DNP3
type DNP3DebugByte struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Debug  []byte `zeek:"debug"` // valid inside the call
}

// DNP3FileTransport is raised for a block of a file, group 70 variation 5.
//
//wirelog:event dnp3_file_transport section=DNP3
type DNP3FileTransport struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	FileHandle uint64 `zeek:"file_handle"`
	BlockNum   uint64 `zeek:"block_num"` // block number; the highest bit marks the last
	FileData   []byte `zeek:"file_data"` // valid inside the call
}

// DNP3FrozenAnalogInput16wFlag is raised for an object of group 31 variation 2: a frozen
// analog input of 16 bits with a flag byte.
//
//wirelog:event dnp3_frozen_analog_input_16wFlag section=DNP3
type DNP3FrozenAnalogInput16wFlag struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Flag        uint64 `zeek:"flag"`         // flag byte of the point
	FrozenValue uint64 `zeek:"frozen_value"` // a negative one counts from 2^64 down
}

// DNP3FrozenAnalogInput16wTime is raised for an object of group 31 variation 4: a frozen
// analog input of 16 bits with the time of the freeze.
//
//wirelog:event dnp3_frozen_analog_input_16wTime section=DNP3
type DNP3FrozenAnalogInput16wTime struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Flag        uint64 `zeek:"flag"`         // flag byte of the point
	FrozenValue uint64 `zeek:"frozen_value"` // a negative one counts from 2^64 down
	Time48      uint64 `zeek:"time48"`       // milliseconds since 1970 (UTC)
}

// DNP3FrozenAnalogInput16woFlag is raised for an object of group 31 variation 6: a frozen
// analog input of 16 bits without flags.
//
//wirelog:event dnp3_frozen_analog_input_16woFlag section=DNP3
type DNP3FrozenAnalogInput16woFlag struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	FrozenValue uint64 `zeek:"frozen_value"` // a negative one counts from 2^64 down
}

// DNP3FrozenAnalogInput32wFlag is raised for an object of group 31 variation 1: a frozen
// analog input of 32 bits with a flag byte.
//
//wirelog:event dnp3_frozen_analog_input_32wFlag section=DNP3
type DNP3FrozenAnalogInput32wFlag struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Flag        uint64 `zeek:"flag"`         // flag byte of the point
	FrozenValue uint64 `zeek:"frozen_value"` // a negative one counts from 2^64 down
}

// DNP3FrozenAnalogInput32wTime is raised for an object of group 31 variation 3: a frozen
// analog input of 32 bits with the time of the freeze.
//
//wirelog:event dnp3_frozen_analog_input_32wTime section=DNP3
type DNP3FrozenAnalogInput32wTime struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Flag        uint64 `zeek:"flag"`         // flag byte of the point
	FrozenValue uint64 `zeek:"frozen_value"` // a negative one counts from 2^64 down
	Time48      uint64 `zeek:"time48"`       // milliseconds since 1970 (UTC)
}

// DNP3FrozenAnalogInput32woFlag is raised for an object of group 31 variation 5: a frozen
// analog input of 32 bits without flags.
//
//wirelog:event dnp3_frozen_analog_input_32woFlag section=DNP3
type DNP3FrozenAnalogInput32woFlag struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	FrozenValue uint64 `zeek:"frozen_value"` // a negative one counts from 2^64 down
}

// DNP3FrozenAnalogInputDPwFlag is raised for an object of group 31 variation 8: a frozen
// analog input in double precision with a flag byte.
//
//wirelog:event dnp3_frozen_analog_input_DPwFlag section=DNP3
type DNP3FrozenAnalogInputDPwFlag struct {
	Conn            Conn   `zeek:"c"`
	IsOrig          bool   `zeek:"is_orig"`
	Flag            uint64 `zeek:"flag"`              // flag byte of the point
	FrozenValueLow  uint64 `zeek:"frozen_value_low"`  // low 32 IEEE 754 bits
	FrozenValueHigh uint64 `zeek:"frozen_value_high"` // high 32 IEEE 754 bits
}

// DNP3FrozenAnalogInputSPwFlag is raised for an object of group 31 variation 7: a frozen
// analog input in single precision with a flag byte.
//
//wirelog:event dnp3_frozen_analog_input_SPwFlag section=DNP3
type DNP3FrozenAnalogInputSPwFlag struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Flag        uint64 `zeek:"flag"`         // flag byte of the point
	FrozenValue uint64 `zeek:"frozen_value"` // IEEE 754 bits
}

// DNP3FrozenAnalogInputEvent16wTime is raised for an object of group 33 variation 4: the
// freezing of an analog input, 16 bits with the time.
//
//wirelog:event dnp3_frozen_analog_input_event_16wTime section=DNP3
type DNP3FrozenAnalogInputEvent16wTime struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Flag        uint64 `zeek:"flag"`         // flag byte of the point
	FrozenValue uint64 `zeek:"frozen_value"` // a negative one counts from 2^64 down
	Time48      uint64 `zeek:"time48"`       // milliseconds since 1970 (UTC)
}

// DNP3FrozenAnalogInputEvent16woTime is raised for an object of group 33 variation 2: the
// freezing of an analog input, 16 bits without a time.
//
//wirelog:event dnp3_frozen_analog_input_event_16woTime section=DNP3
type DNP3FrozenAnalogInputEvent16woTime struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Flag        uint64 `zeek:"flag"`         // flag byte of the point
	FrozenValue uint64 `zeek:"frozen_value"` // a negative one counts from 2^64 down
}

// DNP3FrozenAnalogInputEvent32wTime is raised for an object of group 33 variation 3: the
// freezing of an analog input, 32 bits with the time.
//
//wirelog:event dnp3_frozen_analog_input_event_32wTime section=DNP3
type DNP3FrozenAnalogInputEvent32wTime struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Flag        uint64 `zeek:"flag"`         // flag byte of the point
	FrozenValue uint64 `zeek:"frozen_value"` // a negative one counts from 2^64 down
	Time48      uint64 `zeek:"time48"`       // milliseconds since 1970 (UTC)
}

// DNP3FrozenAnalogInputEvent32woTime is raised for an object of group 33 variation 1: the
// freezing of an analog input, 32 bits without a time.
//
//wirelog:event dnp3_frozen_analog_input_event_32woTime section=DNP3
type DNP3FrozenAnalogInputEvent32woTime struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Flag        uint64 `zeek:"flag"`         // flag byte of the point
	FrozenValue uint64 `zeek:"frozen_value"` // a negative one counts from 2^64 down
}

// DNP3FrozenAnalogInputEventDPwTime is raised for an object of group 33 variation 8: the
// freezing of an analog input, double precision with the time.
//
//wirelog:event dnp3_frozen_analog_input_event_DPwTime section=DNP3
type DNP3FrozenAnalogInputEventDPwTime struct {
	Conn            Conn   `zeek:"c"`
	IsOrig          bool   `zeek:"is_orig"`
	Flag            uint64 `zeek:"flag"`              // flag byte of the point
	FrozenValueLow  uint64 `zeek:"frozen_value_low"`  // low 32 IEEE 754 bits
	FrozenValueHigh uint64 `zeek:"frozen_value_high"` // high 32 IEEE 754 bits
	Time48          uint64 `zeek:"time48"`            // milliseconds since 1970 (UTC)
}

// DNP3FrozenAnalogInputEventDPwoTime is raised for an object of group 33 variation 6: the
// freezing of an analog input, double precision without a time.
//
//wirelog:event dnp3_frozen_analog_input_event_DPwoTime section=DNP3
type DNP3FrozenAnalogInputEventDPwoTime struct {
	Conn            Conn   `zeek:"c"`
	IsOrig          bool   `zeek:"is_orig"`
	Flag            uint64 `zeek:"flag"`              // flag byte of the point
	FrozenValueLow  uint64 `zeek:"frozen_value_low"`  // low 32 IEEE 754 bits
	FrozenValueHigh uint64 `zeek:"frozen_value_high"` // high 32 IEEE 754 bits
}

// DNP3FrozenAnalogInputEventSPwTime is raised for an object of group 33 variation 7: the
// freezing of an analog input, single precision with the time.
//
//wirelog:event dnp3_frozen_analog_input_event_SPwTime section=DNP3
type DNP3FrozenAnalogInputEventSPwTime struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Flag        uint64 `zeek:"flag"`         // flag byte of the point
	FrozenValue uint64 `zeek:"frozen_value"` // IEEE 754 bits
	Time48      uint64 `zeek:"time48"`       // milliseconds since 1970 (UTC)
}

// DNP3FrozenAnalogInputEventSPwoTime is raised for an object of group 33 variation 5: the
// freezing of an analog input, single precision without a time.
//
//wirelog:event dnp3_frozen_analog_input_event_SPwoTime section=DNP3
type DNP3FrozenAnalogInputEventSPwoTime struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	Flag        uint64 `zeek:"flag"`         // flag byte of the point
	FrozenValue uint64 `zeek:"frozen_value"` // IEEE 754 bits
}

// DNP3FrozenCounter16wFlag is raised for an object of group 21 variation 2: a frozen
// counter of 16 bits with a flag byte.
//
//wirelog:event dnp3_frozen_counter_16wFlag section=DNP3
type DNP3FrozenCounter16wFlag struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	Flag       uint64 `zeek:"flag"` // flag byte of the point
	CountValue uint64 `zeek:"count_value"`
}

// DNP3FrozenCounter16wFlagTime is raised for an object of group 21 variation 6: a frozen
// counter of 16 bits with a flag byte and the time of the freeze.
//
//wirelog:event dnp3_frozen_counter_16wFlagTime section=DNP3
type DNP3FrozenCounter16wFlagTime struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	Flag       uint64 `zeek:"flag"` // flag byte of the point
	CountValue uint64 `zeek:"count_value"`
	Time48     uint64 `zeek:"time48"` // milliseconds since 1970 (UTC)
}

// DNP3FrozenCounter16woFlag is raised for an object of group 21 variation 10: a frozen
// counter of 16 bits without flags.
//
//wirelog:event dnp3_frozen_counter_16woFlag section=DNP3
type DNP3FrozenCounter16woFlag struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	CountValue uint64 `zeek:"count_value"`
}

// DNP3FrozenCounter32wFlag is raised for an object of group 21 variation 1: a frozen
// counter of 32 bits with a flag byte.
//
//wirelog:event dnp3_frozen_counter_32wFlag section=DNP3
type DNP3FrozenCounter32wFlag struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	Flag       uint64 `zeek:"flag"` // flag byte of the point
	CountValue uint64 `zeek:"count_value"`
}

// DNP3FrozenCounter32wFlagTime is raised for an object of group 21 variation 5: a frozen
// counter of 32 bits with a flag byte and the time of the freeze.
//
//wirelog:event dnp3_frozen_counter_32wFlagTime section=DNP3
type DNP3FrozenCounter32wFlagTime struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	Flag       uint64 `zeek:"flag"` // flag byte of the point
	CountValue uint64 `zeek:"count_value"`
	Time48     uint64 `zeek:"time48"` // milliseconds since 1970 (UTC)
}

// DNP3FrozenCounter32woFlag is raised for an object of group 21 variation 9: a frozen
// counter of 32 bits without flags.
//
//wirelog:event dnp3_frozen_counter_32woFlag section=DNP3
type DNP3FrozenCounter32woFlag struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	CountValue uint64 `zeek:"count_value"`
}

// DNP3HeaderBlock is raised for the link header of the first frame of every application
// fragment, when that header has been read.
//
//wirelog:event dnp3_header_block section=DNP3
type DNP3HeaderBlock struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	Len      uint64 `zeek:"len"`  // bytes that follow it, without checksums
	Ctrl     uint64 `zeek:"ctrl"` // control byte
	DestAddr uint64 `zeek:"dest_addr"`
	SrcAddr  uint64 `zeek:"src_addr"`
}

// DNP3ObjectHeader is raised for every object header, which precedes the objects themselves
// .
//
//wirelog:event dnp3_object_header section=DNP3
type DNP3ObjectHeader struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	ObjType  uint64 `zeek:"obj_type"`  // group in the high byte, variation in the low
	QuaField uint64 `zeek:"qua_field"` // qualifier: prefix code and range specifier
	Number   uint64 `zeek:"number"`    // objects, as the range says
	RfLow    uint64 `zeek:"rf_low"`    // low 32 IEEE 754 bits
	RfHigh   uint64 `zeek:"rf_high"`   // high 32 IEEE 754 bits
}

// DNP3ObjectPrefix is raised before every object, also if its header's qualifier gives it no
// prefix.
//
//wirelog:event dnp3_object_prefix section=DNP3
type DNP3ObjectPrefix struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	PrefixValue uint64 `zeek:"prefix_value"` // index or size, 0 without a prefix
}

// DNP3PCB is raised for a pattern control block, group 12 variation 2.
//
//wirelog:event dnp3_pcb section=DNP3
type DNP3PCB struct {
	Conn        Conn   `zeek:"c"`
	IsOrig      bool   `zeek:"is_orig"`
	ControlCode uint64 `zeek:"control_code"` // operation, queue, clear and trip-close bits
	Count8      uint64 `zeek:"count8"`       // how often the output is operated
	OnTime      uint64 `zeek:"on_time"`      // milliseconds
	OffTime     uint64 `zeek:"off_time"`     // milliseconds
	StatusCode  uint64 `zeek:"status_code"`  // result, in responses
}

// DNP3ResponseDataObject is raised after every object of a response.
//
//wirelog:event dnp3_response_data_object section=DNP3
type DNP3ResponseDataObject struct {
	Conn      Conn   `zeek:"c"`
	IsOrig    bool   `zeek:"is_orig"`
	DataValue uint64 `zeek:"data_value"` // status byte of groups 1 and 10, 255 for all others
}
