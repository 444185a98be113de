package dnp3

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
)

// object is the layout of the objects of one group and variation.
type object struct {
	// head is the number of bytes up to the last field of fixed size or, if time is set, up
	// to the time of 6 bytes that follows them. field and time are Zeek's names for them.
	head        int
	field, time string
	// plain objects are a number. Their field has no record of its own in Zeek.
	plain bool
	// raise raises the object's event, if it has one; b holds head and time.
	raise func(d *decoder, b []byte)
	// rest reads an object of variable size. size is the value of the prefix.
	rest func(d *decoder, c *wire.Cursor, size uint32)
}

// timeLen is the length of a time in bytes.
const timeLen = 6

// gv returns the type of objects of a group and variation, as in an object header.
func gv(group, variation uint16) uint16 { return group<<8 | variation }

// Types that are treated apart.
const (
	binaryInputPacked    = 1<<8 | 1
	binaryInputFlags     = 1<<8 | 2
	doubleBitInputPacked = 3<<8 | 1
	binaryOutputPacked   = 10<<8 | 1
	binaryOutputFlags    = 10<<8 | 2
	patternMask          = 12<<8 | 3
	frozenAnalog16Time   = 33<<8 | 4
	fileAuthentication   = 70<<8 | 2
	internalIndications  = 80<<8 | 1
)

// Groups whose variations are all alike.
const (
	groupAttribute      = 0
	groupString         = 110
	groupStringEvent    = 111
	groupTerminalOutput = 112
	groupTerminalEvent  = 113
	firstAttribute      = 211 // variations of group 0 below are not known to Zeek
)

// objects has the layouts of dnp3-objects.pac in Zeek. Messages about missing bytes have
// its names.
var objects = map[uint16]*object{
	binaryInputPacked:    {head: 1, field: "biwoflag", plain: true},
	binaryInputFlags:     {head: 1, field: "biwflag", plain: true},
	gv(2, 1):             {head: 1, field: "biewoflag", plain: true},
	gv(2, 2):             {head: 1, field: "BinInEveAtime:flag", time: "BinInEveAtime:time48"},
	gv(2, 3):             {head: 3, field: "BinInEveRtime"},
	doubleBitInputPacked: {rest: remainder},
	gv(3, 2):             {head: 1, field: "dbiflag", plain: true},
	gv(4, 1):             {head: 1, field: "DoubleInEveAtime:flag", time: "DoubleInEveAtime:time48"},
	gv(4, 2):             {head: 3, field: "DoubleInEveRtime"},
	binaryOutputPacked:   {head: 1, field: "bowoflag", plain: true},
	binaryOutputFlags:    {head: 1, field: "bowflag", plain: true},
	gv(11, 1):            {head: 1, field: "boewflag", plain: true},
	gv(11, 2):            {head: 1, field: "BinOutEveAtime:flag", time: "BinOutEveAtime:time48"},
	gv(12, 1):            {head: 11, field: "CROB", raise: (*decoder).raiseCROB},
	gv(12, 2):            {head: 11, field: "PCB", raise: (*decoder).raisePCB},
	patternMask:          {head: 1, field: "bocmd_PM", plain: true},
	gv(13, 1):            {head: 1, field: "boceFlag", plain: true},
	gv(13, 2):            {head: 1, field: "BinOutCmdEveAtime:flag", time: "BinOutCmdEveAtime:time48"},
	gv(20, 1):            {head: 5, field: "Counter32wFlag", raise: (*decoder).raiseCounter32wFlag},
	gv(20, 2):            {head: 3, field: "Counter16wFlag", raise: (*decoder).raiseCounter16wFlag},
	gv(20, 5):            {head: 4, field: "Counter32woFlag", raise: (*decoder).raiseCounter32woFlag},
	gv(20, 6):            {head: 2, field: "Counter16woFlag", raise: (*decoder).raiseCounter16woFlag},
	gv(21, 1):            {head: 5, field: "FrozenCounter32wFlag", raise: (*decoder).raiseFrozenCounter32wFlag},
	gv(21, 2):            {head: 3, field: "FrozenCounter16wFlag", raise: (*decoder).raiseFrozenCounter16wFlag},
	gv(21, 5):            {head: 5, field: "FrozenCounter32wFlagTime:count_value", raise: (*decoder).raiseFrozenCounter32wFlagTime, time: "FrozenCounter32wFlagTime:time48"},
	gv(21, 6):            {head: 3, field: "FrozenCounter16wFlagTime:count_value", raise: (*decoder).raiseFrozenCounter16wFlagTime, time: "FrozenCounter16wFlagTime:time48"},
	gv(21, 9):            {head: 4, field: "FrozenCounter32woFlag", raise: (*decoder).raiseFrozenCounter32woFlag},
	gv(21, 10):           {head: 2, field: "FrozenCounter16woFlag", raise: (*decoder).raiseFrozenCounter16woFlag},
	gv(22, 1):            {head: 5, field: "CounterEve32wFlag"},
	gv(22, 2):            {head: 3, field: "CounterEve16wFlag"},
	gv(22, 5):            {head: 5, field: "CounterEve32wFlagTime:count_value", time: "CounterEve32wFlagTime:time48"},
	gv(22, 6):            {head: 3, field: "CounterEve16wFlagTime:count_value", time: "CounterEve16wFlagTime:time48"},
	gv(23, 1):            {head: 5, field: "CounterEve32wFlag"},
	gv(23, 2):            {head: 3, field: "CounterEve16wFlag"},
	gv(23, 5):            {head: 5, field: "CounterEve32wFlagTime:count_value", time: "CounterEve32wFlagTime:time48"},
	gv(23, 6):            {head: 3, field: "CounterEve16wFlagTime:count_value", time: "CounterEve16wFlagTime:time48"},
	gv(30, 1):            {head: 5, field: "AnalogInput32wFlag", raise: (*decoder).raiseAnalogInput32wFlag},
	gv(30, 2):            {head: 3, field: "AnalogInput16wFlag", raise: (*decoder).raiseAnalogInput16wFlag},
	gv(30, 3):            {head: 4, field: "AnalogInput32woFlag", raise: (*decoder).raiseAnalogInput32woFlag},
	gv(30, 4):            {head: 2, field: "AnalogInput16woFlag", raise: (*decoder).raiseAnalogInput16woFlag},
	gv(30, 5):            {head: 5, field: "AnalogInputSPwFlag", raise: (*decoder).raiseAnalogInputSPwFlag},
	gv(30, 6):            {head: 9, field: "AnalogInputDPwFlag", raise: (*decoder).raiseAnalogInputDPwFlag},
	gv(31, 1):            {head: 5, field: "FrozenAnalogInput32wFlag", raise: (*decoder).raiseFrozenAnalogInput32wFlag},
	gv(31, 2):            {head: 3, field: "FrozenAnalogInput16wFlag", raise: (*decoder).raiseFrozenAnalogInput16wFlag},
	gv(31, 3):            {head: 5, field: "FrozenAnalogInput32wTime:frozen_value", raise: (*decoder).raiseFrozenAnalogInput32wTime, time: "FrozenAnalogInput32wTime:time48"},
	gv(31, 4):            {head: 3, field: "FrozenAnalogInput16wTime:frozen_value", raise: (*decoder).raiseFrozenAnalogInput16wTime, time: "FrozenAnalogInput16wTime:time48"},
	gv(31, 5):            {head: 4, field: "FrozenAnalogInput32woFlag", raise: (*decoder).raiseFrozenAnalogInput32woFlag},
	gv(31, 6):            {head: 2, field: "FrozenAnalogInput16woFlag", raise: (*decoder).raiseFrozenAnalogInput16woFlag},
	gv(31, 7):            {head: 5, field: "FrozenAnalogInputSPwFlag", raise: (*decoder).raiseFrozenAnalogInputSPwFlag},
	gv(31, 8):            {head: 9, field: "FrozenAnalogInputDPwFlag", raise: (*decoder).raiseFrozenAnalogInputDPwFlag},
	gv(32, 1):            {head: 5, field: "AnalogInput32woTime", raise: (*decoder).raiseAnalogInputEvent32woTime},
	gv(32, 2):            {head: 3, field: "AnalogInput16woTime", raise: (*decoder).raiseAnalogInputEvent16woTime},
	gv(32, 3):            {head: 5, field: "AnalogInput32wTime:value", raise: (*decoder).raiseAnalogInputEvent32wTime, time: "AnalogInput32wTime:time48"},
	gv(32, 4):            {head: 3, field: "AnalogInput16wTime:value", raise: (*decoder).raiseAnalogInputEvent16wTime, time: "AnalogInput16wTime:time48"},
	gv(32, 5):            {head: 5, field: "AnalogInputSPwoTime", raise: (*decoder).raiseAnalogInputEventSPwoTime},
	gv(32, 6):            {head: 9, field: "AnalogInputDPwoTime", raise: (*decoder).raiseAnalogInputEventDPwoTime},
	gv(32, 7):            {head: 5, field: "AnalogInputSPwTime:value", raise: (*decoder).raiseAnalogInputEventSPwTime, time: "AnalogInputSPwTime:time48"},
	gv(32, 8):            {head: 9, field: "AnalogInputDPwTime:value_high", raise: (*decoder).raiseAnalogInputEventDPwTime, time: "AnalogInputDPwTime:time48"},
	gv(33, 1):            {head: 5, field: "FrozenAnaInputEve32woTime", raise: (*decoder).raiseFrozenAnalogInputEvent32woTime},
	gv(33, 2):            {head: 3, field: "FrozenAnaInputEve16woTime", raise: (*decoder).raiseFrozenAnalogInputEvent16woTime},
	gv(33, 3):            {head: 5, field: "FrozenAnaInputEve32wTime:f_value", raise: (*decoder).raiseFrozenAnalogInputEvent32wTime, time: "FrozenAnaInputEve32wTime:time48"},
	gv(33, 4):            {head: 5, field: "FrozenAnaInputEve16wTime:f_value", raise: (*decoder).raiseFrozenAnalogInputEvent16wTime, time: "FrozenAnaInputEve16wTime:time48"},
	gv(33, 5):            {head: 5, field: "FrozenAnaInputEveSPwoTime", raise: (*decoder).raiseFrozenAnalogInputEventSPwoTime},
	gv(33, 6):            {head: 9, field: "FrozenAnaInputEveDPwoTime", raise: (*decoder).raiseFrozenAnalogInputEventDPwoTime},
	gv(33, 7):            {head: 5, field: "FrozenAnaInputEveSPwTime:f_value", raise: (*decoder).raiseFrozenAnalogInputEventSPwTime, time: "FrozenAnaInputEveSPwTime:time48"},
	gv(33, 8):            {head: 9, field: "FrozenAnaInputEveDPwTime:f_value_high", raise: (*decoder).raiseFrozenAnalogInputEventDPwTime, time: "FrozenAnaInputEveDPwTime:time48"},
	gv(34, 1):            {head: 2, field: "ai_dead_16", plain: true},
	gv(34, 2):            {head: 4, field: "ai_dead_32", plain: true},
	gv(34, 3):            {head: 4, field: "ai_dead_sp", plain: true},
	gv(40, 1):            {head: 5, field: "AnaOutStatus32"},
	gv(40, 2):            {head: 3, field: "AnaOutStatus16"},
	gv(40, 3):            {head: 5, field: "AnaOutStatusSP"},
	gv(40, 4):            {head: 9, field: "AnaOutStatusDP"},
	gv(41, 1):            {head: 5, field: "AnaOut32"},
	gv(41, 2):            {head: 3, field: "AnaOut16"},
	gv(41, 3):            {head: 5, field: "AnaOutSP"},
	gv(41, 4):            {head: 9, field: "AnaOutDP"},
	gv(42, 1):            {head: 5, field: "AnaOutEve32woTime"},
	gv(42, 2):            {head: 3, field: "AnaOutEve16woTime"},
	gv(42, 3):            {head: 5, field: "AnaOutEve32wTime:value", time: "AnaOutEve32wTime:time48"},
	gv(42, 4):            {head: 3, field: "AnaOutEve16wTime:value", time: "AnaOutEve16wTime:time48"},
	gv(42, 5):            {head: 5, field: "AnaOutEveSPwoTime"},
	gv(42, 6):            {head: 9, field: "AnaOutEveDPwoTime"},
	gv(42, 7):            {head: 5, field: "AnaOutEveSPwTime:value", time: "AnaOutEveSPwTime:time48"},
	gv(42, 8):            {head: 9, field: "AnaOutEveDPwTime:value_high", time: "AnaOutEveDPwTime:time48"},
	gv(43, 1):            {head: 5, field: "AnaOutEve32woTime"},
	gv(43, 2):            {head: 3, field: "AnaOutEve16woTime"},
	gv(43, 3):            {head: 5, field: "AnaOutEve32wTime:value", time: "AnaOutEve32wTime:time48"},
	gv(43, 4):            {head: 3, field: "AnaOutEve16wTime:value", time: "AnaOutEve16wTime:time48"},
	gv(43, 5):            {head: 5, field: "AnaOutEveSPwoTime"},
	gv(43, 6):            {head: 9, field: "AnaOutEveDPwoTime"},
	gv(43, 7):            {head: 5, field: "AnaOutEveSPwTime:value", time: "AnaOutEveSPwTime:time48"},
	gv(43, 8):            {head: 9, field: "AnaOutEveDPwTime:value_high", time: "AnaOutEveDPwTime:time48"},
	gv(50, 1):            {head: 6, field: "AbsTime:time48"},
	gv(50, 2):            {rest: timeInterval},
	gv(50, 3):            {head: 6, field: "Last_AbsTime:time48"},
	gv(51, 1):            {head: 6, field: "AbsTime:time48"},
	gv(51, 2):            {head: 6, field: "AbsTime:time48"},
	gv(52, 1):            {head: 2, field: "time_coarse", plain: true},
	gv(52, 2):            {head: 2, field: "time_fine", plain: true},
	gv(70, 1):            {rest: fileIdentity},
	fileAuthentication:   {rest: authentication},
	gv(70, 3):            {rest: fileCommand},
	gv(70, 4):            {rest: fileCommandStatus},
	gv(70, 5):            {rest: (*decoder).fileTransport},
	gv(70, 6):            {rest: fileTransportStatus},
	gv(70, 7):            {rest: fileDescriptor},
	internalIndications:  {head: 2, field: "iin", plain: true},
	gv(81, 1):            {head: 3, field: "Dev_Store"},
	gv(82, 1):            {rest: deviceProfile},
	gv(83, 1):            {rest: privateRegistration},
	gv(83, 2):            {rest: privateDescriptor},
	gv(85, 1):            {head: 5, field: "DescEle"},
	gv(86, 1):            {head: 5, field: "DescEle"},
	gv(86, 2):            {head: 1, field: "cha", plain: true},
	gv(91, 1):            {rest: activation},
	gv(101, 1):           {head: 2, field: "bcd_small", plain: true},
	gv(101, 2):           {head: 4, field: "bcd_medium", plain: true},
	gv(101, 3):           {head: 8, field: "BCD_Large"},
	gv(102, 1):           {head: 1, field: "unsigned_integer", plain: true},
	gv(120, 1):           {rest: challenge},
	gv(120, 2):           {rest: reply},
	gv(120, 3):           {head: 6, field: "AuthAggrRequest"},
	gv(120, 4):           {head: 2, field: "sessionKeyRequest", plain: true},
	gv(120, 5):           {rest: sessionKeyStatus},
	gv(120, 6):           {rest: sessionKeyChange},
	gv(120, 7):           {rest: authError},
	gv(120, 8):           {rest: userCertificate},
	gv(120, 9):           {rest: sized("MAC:mac_text")},
	gv(120, 10):          {rest: userStatusChange},
	gv(120, 11):          {rest: updateKeyRequest},
	gv(120, 12):          {rest: updateKeyReply},
	gv(120, 13):          {rest: updateKey},
	gv(120, 14):          {rest: sized("UpdateKeySig:digital_sig")},
	gv(120, 15):          {rest: sized("UpdateKeyCon:mac")},
}

// Layouts of types that are not in objects.
var (
	attribute      = &object{rest: (*decoder).attribute}
	octets         = &object{rest: octetString("oct_str")}
	octetsEvent    = &object{rest: octetString("oct_str_eve")}
	terminalOutput = &object{rest: octetString("vir_ter_out_blk")}
	terminalEvent  = &object{rest: octetString("vir_ter_eve")}
	unknown        = &object{rest: (*decoder).unknown}
	// frozenAnalog16 is group 33 variation 4 as the standard has it. Zeek reads 32 bits.
	frozenAnalog16 = &object{
		head: 3, field: "FrozenAnaInputEve16wTime:f_value", time: "FrozenAnaInputEve16wTime:time48",
		raise: (*decoder).raiseFrozenAnalogInputEvent16wTime,
	}
	// Request forms.
	noObject          = &object{}
	requestIndication = &object{rest: remainder}
)

// responseObject returns the layout of the objects in a response.
func (d *decoder) responseObject(t uint16) *object {
	if t == frozenAnalog16Time && !d.wide {
		return frozenAnalog16
	}
	if o := objects[t]; o != nil {
		return o
	}
	switch t >> 8 {
	case groupAttribute:
		switch v := t & 0xff; {
		case v < firstAttribute, v == 244, v == 251, v == 253:
		default:
			return attribute
		}
	case groupString:
		return octets
	case groupStringEvent:
		return octetsEvent
	case groupTerminalOutput:
		return terminalOutput
	case groupTerminalEvent:
		return terminalEvent
	}
	return unknown
}

// requestObject returns the layout of the objects after a header in a request with a
// function code, or nil if there are none. Most requests only name objects.
func requestObject(t uint16, function uint8) *object {
	switch t {
	case fileAuthentication:
		if function != authenticateFile {
			return noObject
		}
	case internalIndications:
		return requestIndication
	}
	switch t >> 8 {
	case 12, 50, 51, 52, 70, 120:
		return objects[t]
	}
	return nil
}

// arrayName returns Zeek's name of the objects after a header, for messages.
func arrayName(t uint16, request bool) string {
	switch {
	case t == patternMask:
		return "bocmd_PM"
	case request:
		return "g" + strconv.Itoa(int(t>>8)) + "v" + strconv.Itoa(int(t&0xff)) + "_objs"
	case t == binaryInputPacked:
		return "biwoflag"
	case t == doubleBitInputPacked:
		return "diwoflag"
	case t == binaryOutputPacked:
		return "bowoflag"
	}
	return "objects"
}

// remainder reads everything up to the end of the fragment.
func remainder(_ *decoder, c *wire.Cursor, _ uint32) { c.Rest() }

// unknown reads the rest of a fragment in which an object's size is not known.
func (d *decoder) unknown(c *wire.Cursor, _ uint32) { d.debug(c.Rest()) }

func (d *decoder) debug(b []byte) {
	if e := d.hooks.DebugByte.Begin(); e != nil {
		*e = event.DNP3DebugByte{Conn: d.c, IsOrig: d.isOrig, Debug: b}
		d.hooks.DebugByte.Raise(e)
	}
}

// octetString reads a string whose length is the variation.
func octetString(field string) func(d *decoder, c *wire.Cursor, _ uint32) {
	field = "Default_Wrap:" + field
	return func(d *decoder, c *wire.Cursor, _ uint32) { c.Take(int(d.objectType&0xff), field) }
}

// sized reads an object that is as long as its prefix says.
func sized(field string) func(*decoder, *wire.Cursor, uint32) {
	return func(_ *decoder, c *wire.Cursor, size uint32) { c.Take(int(uint16(size)), field) }
}

func (d *decoder) attribute(c *wire.Cursor, _ uint32) {
	b := c.Head(2, "AttributeCommon:leng")
	text := c.Take(int(b[1]), "AttributeCommon:attribute_obj")
	if !c.OK() {
		return
	}
	if e := d.hooks.AttributeCommon.Begin(); e != nil {
		*e = event.DNP3AttributeCommon{
			Conn: d.c, IsOrig: d.isOrig, DataTypeCode: uint64(b[0]), Leng: uint64(b[1]), AttributeObj: text,
		}
		d.hooks.AttributeCommon.Raise(e)
	}
}

func (d *decoder) raiseCROB(b []byte) {
	if e := d.hooks.CROB.Begin(); e != nil {
		*e = event.DNP3CROB{
			Conn: d.c, IsOrig: d.isOrig, ControlCode: uint64(b[0]), Count8: uint64(b[1]),
			OnTime: u32(b[2:]), OffTime: u32(b[6:]), StatusCode: uint64(b[10]),
		}
		d.hooks.CROB.Raise(e)
	}
}

func (d *decoder) raisePCB(b []byte) {
	if e := d.hooks.PCB.Begin(); e != nil {
		*e = event.DNP3PCB{
			Conn: d.c, IsOrig: d.isOrig, ControlCode: uint64(b[0]), Count8: uint64(b[1]),
			OnTime: u32(b[2:]), OffTime: u32(b[6:]), StatusCode: uint64(b[10]),
		}
		d.hooks.PCB.Raise(e)
	}
}

// Files, group 70.

func (d *decoder) fileTransport(c *wire.Cursor, size uint32) {
	b := c.Head(8, "File_Transport:block_num")
	data := c.Take(int(int32(size-8)), "File_Transport:file_data")
	if !c.OK() {
		return
	}
	if e := d.hooks.FileTransport.Begin(); e != nil {
		*e = event.DNP3FileTransport{
			Conn: d.c, IsOrig: d.isOrig, FileHandle: u32(b), BlockNum: u32(b[4:]), FileData: data,
		}
		d.hooks.FileTransport.Raise(e)
	}
}

func fileIdentity(_ *decoder, c *wire.Cursor, _ uint32) {
	n := u16(c.Head(12, "File_Control_ID:file_size"))
	c.Take(timeLen, "File_Control_ID:time_create")
	c.Take(16, "File_Control_ID:status_code")
	c.Take(int(n), "File_Control_ID:file_name")
	c.Rest()
}

func authentication(_ *decoder, c *wire.Cursor, _ uint32) {
	b := c.Head(12, "File_Control_Auth:auth_key")
	c.Take(int(u16(b[2:])), "File_Control_Auth:usr_name")
	c.Take(int(u16(b[6:])), "File_Control_Auth:pwd")
}

func fileCommand(_ *decoder, c *wire.Cursor, _ uint32) {
	b := c.Head(4, "File_Control_Cmd:name_size")
	c.Take(timeLen, "File_Control_Cmd:time_create")
	c.Take(16, "File_Control_Cmd:req_id")
	c.Take(int(u16(b[2:])), "File_Control_Cmd:file_name")
}

func fileCommandStatus(_ *decoder, c *wire.Cursor, size uint32) {
	c.Take(13, "File_Control_Cmd_Status:status_code")
	c.Take(int(int32(size-13)), "File_Control_Cmd_Status:opt_text")
}

func fileTransportStatus(_ *decoder, c *wire.Cursor, size uint32) {
	c.Take(9, "File_Transport_Status:status")
	c.Take(int(int32(size-9)), "File_Transport_Status:opt_text")
}

func fileDescriptor(_ *decoder, c *wire.Cursor, _ uint32) {
	b := c.Head(20, "File_Desc:req_id")
	c.Take(int(u16(b[2:])), "File_Desc:f_name")
}

// Times, devices and data sets, groups 50 to 91.

func timeInterval(_ *decoder, c *wire.Cursor, _ uint32) {
	c.Take(timeLen, "AbsTimeInterval:time48")
	c.Take(4, "AbsTimeInterval:interval")
}

func deviceProfile(_ *decoder, c *wire.Cursor, _ uint32) {
	b := c.Head(10, "Dev_Profile:count")
	c.Array(int(u16(b[8:])), 4, "Dev_Profile:dev_headers")
}

func privateRegistration(_ *decoder, c *wire.Cursor, _ uint32) {
	b := c.Head(8, "PrivRegObj:len")
	c.Take(int(u16(b[6:])), "PrivRegObj:data_objs")
}

func privateDescriptor(_ *decoder, c *wire.Cursor, _ uint32) {
	b := c.Head(8, "PrivRegObjDesc:count")
	c.Array(int(u16(b[6:])), 4, "PrivRegObjDesc:data_objs")
}

func activation(_ *decoder, c *wire.Cursor, _ uint32) {
	n := int(c.Head(5, "ActivateConf:count")[4])
	if c.OK() && n > c.Len() {
		c.Fail(wire.OutOfBound("ActivateConf:elements", n, c.Len()))
	}
	for ; n > 0 && c.OK(); n-- {
		outer := c.Record()
		b := c.Head(2, "StatusEle:status_code")
		c.Take(int(b[0])-1, "StatusEle:ancillary")
		c.End(outer)
	}
}

// Authentication, group 120.

func challenge(_ *decoder, c *wire.Cursor, size uint32) {
	c.Take(8, "AuthChallenge:reason")
	c.Take(int(uint16(size))-8, "AuthChallenge:chan_data")
}

func reply(_ *decoder, c *wire.Cursor, size uint32) {
	c.Take(6, "AuthReply:user_num")
	c.Take(int(uint16(size))-6, "AuthReply:mac")
}

func sessionKeyStatus(_ *decoder, c *wire.Cursor, size uint32) {
	n := int(u16(c.Head(11, "AuthSessionKeyStatus:cha_data_len")[9:]))
	c.Take(n, "AuthSessionKeyStatus:chan_data")
	c.Take(int(uint16(size))-11-n, "AuthSessionKeyStatus:mac")
}

func sessionKeyChange(_ *decoder, c *wire.Cursor, size uint32) {
	c.Take(6, "AuthSessionKeyChange:user_num")
	c.Take(int(uint16(size))-6, "AuthSessionKeyChange:key_wrap_data")
}

func authError(_ *decoder, c *wire.Cursor, size uint32) {
	c.Take(9, "AuthError:error_code")
	c.Take(timeLen, "AuthError:time_error")
	c.Take(int(uint16(size))-15, "AuthError:error_text")
}

func userCertificate(_ *decoder, c *wire.Cursor, size uint32) {
	c.Take(2, "UserCert:cert_type")
	c.Take(int(uint16(size))-2, "UserCert:cert_text")
}

func userStatusChange(_ *decoder, c *wire.Cursor, _ uint32) {
	b := c.Head(16, "UserStatusChange:cert_data_len")
	c.Take(int(u16(b[10:])), "UserStatusChange:user_name")
	c.Take(int(u16(b[12:])), "UserStatusChange:user_pubkey")
	c.Take(int(u16(b[14:])), "UserStatusChange:cert_data")
}

func updateKeyRequest(_ *decoder, c *wire.Cursor, _ uint32) {
	b := c.Head(5, "UpdateKeyReq:master_cha_data_len")
	c.Take(int(u16(b[1:])), "UpdateKeyReq:user_name")
	c.Take(int(u16(b[3:])), "UpdateKeyReq:master_cha_data")
}

func updateKeyReply(_ *decoder, c *wire.Cursor, _ uint32) {
	b := c.Head(10, "UpdateKeyRep:outstation_cha_data_len")
	c.Take(int(u16(b[8:])), "UpdateKeyRep:outstation_cha_data")
}

func updateKey(_ *decoder, c *wire.Cursor, _ uint32) {
	b := c.Head(8, "UpdateKey:update_key_len")
	c.Take(int(u16(b[6:])), "UpdateKey:update_key_data")
}
