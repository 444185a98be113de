package mysql

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/wire"
)

// Commands (enum_server_command) that there is something to know of.
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

// client takes a packet of the client.
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
	if h := &a.f.hooks.CommandRequest; h.On() {
		a.f.ev.command = event.MySQLCommandRequest{Conn: a.c, Command: uint64(command), Arg: arg}
		h.Raise(&a.f.ev.command)
	}
	if command != comChangeUser {
		return
	}
	if h := &a.f.hooks.ChangeUser; h.On() {
		a.f.ev.changeUser = event.MySQLChangeUser{Conn: a.c, Username: change.user}
		h.Raise(&a.f.ev.changeUser)
	}
	a.clientPlugin(change.plugin, change.data)
}

// expect notes what the answer to a command will be.
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
// CLIENT_QUERY_ATTRIBUTES): a bitmap of those that are NULL, types and names, and values.
func queryAttributes(c *cursor) {
	n := c.integer("Query_Attributes:count")
	c.integer("Query_Attributes:set_count")
	if n <= 0 || !c.OK() {
		return
	}
	null := c.Take((n+7)/8, "Attributes:null_bitmap")
	if c.U8("Attributes:send_types_to_server") != 1 {
		c.Fail(wire.Enforce("Attributes:send_types_to_server"))
	}
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
	t := c.U8("AttributeTypeAndName:type")
	c.U8("AttributeTypeAndName:unsigned_flag")
	c.text("AttributeTypeAndName:name")
	return t
}

// binaryValue skips a value of the type (enum_field_types, and for the encoding Binary
// Protocol Resultset).
func binaryValue(c *cursor, typ uint8) {
	switch typ {
	case 0x00: // DECIMAL, as Zeek reads it
		c.integer("BinaryValue:decimal_val")
	case 0x01: // TINY
		c.Take(1, "BinaryValue:tiny_val")
	case 0x02, 0x0d: // SHORT, YEAR
		c.Take(2, "BinaryValue:short_val")
	case 0x03, 0x04, 0x09: // LONG, FLOAT, INT24
		c.Take(4, "BinaryValue:long_val")
	case 0x05, 0x08: // DOUBLE, LONGLONG
		c.Take(8, "BinaryValue:double_val")
	case 0x06: // NULL
	case 0x07, 0x0a, 0x0c, 0x11: // TIMESTAMP, DATE, DATETIME, TIMESTAMP2
		binaryDate(c, 0, 4, 7, 11)
	case 0x0b: // TIME
		binaryDate(c, 0, 8, 12)
	case 0x0f, 0x10, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff: // strings of all kinds
		c.text("BinaryValue:string_val")
	default:
		c.Fail(wire.Wrong("invalid index for case: BinaryValue:value"))
	}
}

// binaryDate skips a date or time, which may have one of a few lengths.
func binaryDate(c *cursor, lengths ...uint8) {
	n := c.U8("BinaryDate:len")
	if bytes.IndexByte(lengths, n) < 0 {
		c.Fail(wire.Enforce("BinaryDate:len"))
	}
	c.Take(int(n), "BinaryDate:date")
}
