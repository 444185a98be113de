package mysql

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
)

// Commands (enum_server_command) that need a closer look.
const (
	comSleep           = 0x00
	comQuit            = 0x01
	comInitDB          = 0x02
	comQuery           = 0x03
	comFieldList       = 0x04
	comCreateDB        = 0x05
	comDropDB          = 0x06
	comRefresh         = 0x07
	comShutdown        = 0x08
	comStatistics      = 0x09
	comProcessInfo     = 0x0a
	comConnect         = 0x0b
	comProcessKill     = 0x0c
	comDebug           = 0x0d
	comPing            = 0x0e
	comTime            = 0x0f
	comDelayedInsert   = 0x10
	comChangeUser      = 0x11
	comDaemon          = 0x1d
	comResetConnection = 0x1f
)

func hasNul(b []byte) bool { return bytes.IndexByte(b, 0) >= 0 }

// client parses a packet from the client.
func (a *analyzer) client(c *cursor) {
	if !a.commands {
		a.login(c)
		return
	}
	command := c.U8("Command_Request_Packet:command")
	var arg []byte
	var change changeUser
	switch {
	case !c.OK():
		return
	case command == comQuery && a.capabilities&clientQueryAttributes != 0 && a.serverAttrs:
		queryAttributes(c)
		arg = c.Rest()
	case command == comChangeUser:
		before := c.Peek()
		change = a.changeUser(c)
		arg = before[:len(before)-c.Len()]
	default:
		arg = c.Rest()
	}
	if !c.OK() {
		return
	}
	a.expect(command)
	if e := a.f.hooks.CommandRequest.Begin(); e != nil {
		*e = event.MySQLCommandRequest{Conn: a.Conn(), Command: uint64(command), Arg: arg}
		a.f.hooks.CommandRequest.Raise(e)
	}
	if command != comChangeUser {
		return
	}
	if e := a.f.hooks.ChangeUser.Begin(); e != nil {
		*e = event.MySQLChangeUser{Conn: a.Conn(), Username: change.user}
		a.f.hooks.ChangeUser.Raise(e)
	}
	a.clientPlugin(change.plugin, change.data)
}

// expect sets what the server's answer to a command will be.
func (a *analyzer) expect(command uint8) {
	switch command {
	case comSleep, comQuit, comInitDB, comCreateDB, comDropDB, comRefresh, comShutdown, comConnect, comProcessKill,
		comDebug, comPing, comTime, comDelayedInsert, comDaemon, comResetConnection:
		a.expected = expectStatus
	case comQuery, comProcessInfo:
		a.expected = expectColumnCount
	case comFieldList:
		a.expected = expectColumnOrEOF
	case comStatistics:
		a.expected = expectText
	case comChangeUser:
		a.commands = false
	default:
		a.expected = expectNothing
	}
}

// changeUser is COM_CHANGE_USER.
type changeUser struct{ user, data, plugin []byte }

func (a *analyzer) changeUser(c *cursor) (u changeUser) {
	defer c.End(c.Record())
	u.user = c.nulString("Change_User_Packet:username")
	u.data = c.Take(int(c.U8("Change_User_Packet:auth_plugin_data_len")), "Change_User_Packet:auth_plugin_data")
	c.nulString("Change_User_Packet:database")
	c.LE16("Change_User_Packet:charset")
	if a.capabilities&clientPluginAuth != 0 {
		u.plugin = c.nulString("Change_User_Packet:auth_plugin_name")
	}
	if a.capabilities&clientConnectAttrs != 0 {
		connectionAttributes(c)
	}
	return u
}

// queryAttributes skips the attributes before a query (COM_QUERY with
// CLIENT_QUERY_ATTRIBUTES): a bitmap of the NULL ones, types and names, and values.
func queryAttributes(c *cursor) {
	n := c.integer()
	c.integer()
	if n <= 0 || !c.OK() {
		return
	}
	c.Record()
	null := c.Take((n+7)/8, "Attributes:null_bitmap")
	if c.U8("Attributes:send_types_to_server") != 1 {
		c.Fail(wire.Enforce("Attributes:send_types_to_server"))
	}
	c.elements(n, "Attributes:names")
	types := *c
	for i := 0; i < n && c.OK(); i++ {
		attributeType(c)
	}
	for i := 0; i < n && c.OK(); i++ {
		if t := attributeType(&types); null[i/8]>>(i%8)&1 == 0 {
			binaryValue(c, t)
		}
	}
}

func attributeType(c *cursor) uint8 {
	defer c.End(c.Record())
	head := c.Head(2, "AttributeTypeAndName:unsigned_flag") // type, flag
	c.text()
	return head[0]
}

// binaryValue skips a value of type typ (enum_field_types; for the encoding see Binary
// Protocol Resultset).
func binaryValue(c *cursor, typ uint8) {
	defer c.End(c.Record())
	switch typ {
	case 0x00: // DECIMAL, as Zeek reads it
		c.integer()
	case 0x01: // TINY
		c.Take(1, "BinaryValue:tiny_val")
	case 0x02: // SHORT
		c.Take(2, "BinaryValue:short_val")
	case 0x03: // LONG
		c.Take(4, "BinaryValue:long_val")
	case 0x04: // FLOAT
		c.Take(4, "BinaryValue:float_val")
	case 0x05: // DOUBLE
		c.Take(8, "BinaryValue:double_val")
	case 0x06: // NULL
	case 0x07, 0x0a, 0x0c, 0x11: // TIMESTAMP, DATE, DATETIME, TIMESTAMP2
		binaryDate(c)
	case 0x08: // LONGLONG
		c.Take(8, "BinaryValue:longlong_val")
	case 0x09: // INT24
		c.Take(4, "BinaryValue:int24_val")
	case 0x0b: // TIME
		binaryTime(c)
	case 0x0d: // YEAR
		c.Take(2, "BinaryValue:year_val")
	case 0x0f, 0x10, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff: // strings of all kinds
		c.text()
	default:
		c.Fail(wire.InvalidCase("BinaryValue", int(typ)))
	}
}

// binaryDate skips a date, which may include a time and fractions of a second.
func binaryDate(c *cursor) {
	n := c.U8("BinaryDate:len")
	switch n {
	case 0, 4, 7, 11:
	default:
		c.Fail(wire.Enforce("BinaryDate:len"))
	}
	if n > 0 {
		c.part(4, "Date")
	}
	if n > 4 {
		c.part(3, "Time")
	}
	if n > 7 {
		c.Take(4, "BinaryDate:micros")
	}
}

// binaryTime skips a duration, which may include fractions of a second.
func binaryTime(c *cursor) {
	n := c.U8("BinaryTime:len")
	switch n {
	case 0, 8, 12:
	default:
		c.Fail(wire.Enforce("BinaryTime:len"))
	}
	if n > 0 {
		if d := c.part(8, "DurationTime"); d != nil && d[0] > 1 {
			c.Fail(wire.Enforce("DurationTime:is_negative"))
		}
	}
	if n > 8 {
		c.Take(4, "BinaryTime:micros")
	}
}
