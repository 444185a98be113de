package mysql

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
)

// Capabilities (Protocol::CapabilityFlags).
const (
	clientConnectWithDB   = 0x00000008
	clientSSL             = 0x00000800
	clientPluginAuth      = 0x00080000
	clientConnectAttrs    = 0x00100000
	clientDeprecateEOF    = 0x01000000
	clientZstd            = 0x04000000
	clientQueryAttributes = 0x08000000
)

// First bytes of server packets.
const (
	packetOK       = 0x00
	packetMoreData = 0x01
	packetEOF      = 0xfe // AuthSwitchRequest during the login
	packetErr      = 0xff
)

// Versions of the greeting.
const (
	version9  = 9
	version10 = 10
)

// greeting parses the server's first packet.
func (a *analyzer) greeting(c *cursor) {
	version := c.U8("Initial_Handshake_Packet:version")
	switch version {
	case version10:
		a.greeting10(c)
	case version9:
		ver := c.nulString("Handshake_v9:server_version")
		c.LE32("Handshake_v9:connection_id")
		c.nulString("Handshake_v9:scramble")
		if c.OK() {
			a.serverVersion(ver)
		}
	default:
		a.errPacket(c)
	}
	if c.OK() {
		a.version = version
	}
}

// greeting10 parses Protocol::HandshakeV10.
func (a *analyzer) greeting10(c *cursor) {
	ver := c.nulString("Handshake_v10:server_version")
	c.LE32("Handshake_v10:connection_id")
	part1 := c.Take(8, "Handshake_v10:auth_plugin_data_part_1")
	// Filler, capabilities, character set, status, more capabilities, a length, and ten
	// reserved bytes.
	head := c.Head(1+2+1+2+2+1+10, "Handshake_v10:reserved")
	capabilities := uint32(binary.LittleEndian.Uint16(head[6:])) << 16
	n := int(head[8])
	if n != 0 && n < 21 {
		c.Fail(wire.Enforce("Handshake_v10:auth_plugin_data_len"))
	}
	part2 := c.Take(max(13, n-8), "Handshake_v10:auth_plugin_data_part_2")
	var plugin []byte
	if capabilities&clientPluginAuth != 0 {
		plugin = c.nulString("Handshake_v10:auth_plugin")
	}
	if !c.OK() {
		return
	}
	a.serverAttrs = capabilities&clientQueryAttributes != 0
	a.serverVersion(ver)
	if h := &a.f.hooks.AuthPlugin; h.On() && capabilities&clientPluginAuth != 0 {
		a.f.data = append(append(a.f.data[:0], part1...), part2...)
		e := h.Begin()
		*e = event.MySQLAuthPlugin{Conn: a.Conn(), Name: plugin, Data: a.f.data}
		h.Raise(e)
	}
}

func (a *analyzer) serverVersion(ver []byte) {
	if e := a.f.hooks.ServerVersion.Begin(); e != nil {
		*e = event.MySQLServerVersion{Conn: a.Conn(), Ver: ver}
		a.f.hooks.ServerVersion.Raise(e)
	}
}

// loginAnswer parses what a server sends during the login after its greeting.
func (a *analyzer) loginAnswer(c *cursor) {
	switch typ := c.U8("Server_Connection_Phase_Packets:pkt_type"); typ {
	case packetOK:
		if c.OK() {
			a.okPacket(c)
		}
	case packetMoreData:
		a.moreData(false, c)
	case packetEOF:
		name := c.nulString("AuthSwitchRequest:name")
		if !c.OK() {
			return
		}
		a.authData, a.expected = true, expectStatus
		if e := a.f.hooks.AuthSwitchRequest.Begin(); e != nil {
			*e = event.MySQLAuthSwitchRequest{Conn: a.Conn(), Name: name, Data: c.Rest()}
			a.f.hooks.AuthSwitchRequest.Raise(e)
		}
	case packetErr:
		a.errPacket(c)
	default:
		c.Fail(wire.InvalidCase("Server_Connection_Phase_Packets", int(typ)))
	}
}

// login parses what a client sends during the login.
func (a *analyzer) login(c *cursor) {
	switch {
	case a.authData:
		a.moreData(true, c)
	case a.version == version10:
		a.response41(c)
	case a.version == version9:
		a.response320(c)
	default:
		c.Fail(wire.InvalidCase("Handshake_Response_Packet", int(a.version)))
	}
}

func (a *analyzer) moreData(isOrig bool, c *cursor) {
	if e := a.f.hooks.AuthMoreData.Begin(); e != nil {
		*e = event.MySQLAuthMoreData{Conn: a.Conn(), IsOrig: isOrig, Data: c.Rest()}
		a.f.hooks.AuthMoreData.Raise(e)
	}
}

// response41 parses Protocol::HandshakeResponse41, or Protocol::SSLRequest, which ends
// before the user name.
func (a *analyzer) response41(c *cursor) {
	head := c.Head(4+4+1+23, "Handshake_Response_Packet_v10:pad") // flags, packet size, character set, padding
	flags := binary.LittleEndian.Uint32(head)
	c.Record()
	var user, password, plugin []byte
	if flags&clientSSL == 0 {
		user = c.nulString("Handshake_Credentials_v10:username")
		password = c.text()
		if flags&clientConnectWithDB != 0 {
			c.nulString("Handshake_Plain_v10:database")
		}
		if flags&clientPluginAuth != 0 && hasNul(c.Peek()) {
			plugin = c.nulString("Handshake_Plain_v10:auth_plugin")
		}
		if flags&clientConnectAttrs != 0 {
			connectionAttributes(c)
		}
		if flags&clientZstd != 0 {
			c.U8("Handshake_Plain_v10:zstd_compression_level")
		}
	}
	if !c.OK() {
		return
	}
	a.capabilities = flags
	a.Confirm()
	if flags&clientSSL != 0 {
		if e := a.f.hooks.SSLRequest.Begin(); e != nil {
			*e = event.MySQLSSLRequest{Conn: a.Conn()}
			a.f.hooks.SSLRequest.Raise(e)
		}
		a.startTLS()
		return
	}
	a.authData = flags&clientPluginAuth != 0
	a.handshake(user)
	if flags&clientPluginAuth != 0 {
		a.clientPlugin(plugin, password)
	}
}

// response320 parses Protocol::HandshakeResponse320. It expects the zero that ends the
// password to be there always.
func (a *analyzer) response320(c *cursor) {
	head := c.Head(2+3, "Handshake_Response_Packet_v9:max_pkt_size") // flags, packet size
	flags := binary.LittleEndian.Uint16(head)
	user := c.nulString("Handshake_Response_Packet_v9:username")
	c.nulString("Handshake_Response_Packet_v9:auth_response")
	if flags&clientConnectWithDB != 0 {
		c.nulString("Handshake_Response_Packet_v9:database")
	}
	if !c.OK() {
		return
	}
	a.Confirm()
	a.handshake(user)
}

func (a *analyzer) handshake(user []byte) {
	if e := a.f.hooks.Handshake.Begin(); e != nil {
		*e = event.MySQLHandshake{Conn: a.Conn(), Username: user}
		a.f.hooks.Handshake.Raise(e)
	}
}

func (a *analyzer) clientPlugin(name, data []byte) {
	if e := a.f.hooks.AuthPlugin.Begin(); e != nil {
		*e = event.MySQLAuthPlugin{Conn: a.Conn(), IsOrig: true, Name: name, Data: data}
		a.f.hooks.AuthPlugin.Raise(e)
	}
}

// connectionAttributes skips the names and values of a client's connection attributes.
func connectionAttributes(c *cursor) {
	outer := c.Record()
	attrs := cursor{c.Within(int(c.U8("Handshake_Connection_Attributes:length")), "Handshake_Connection_Attributes")}
	c.End(outer)
	for attrs.More() {
		attrs.text()
		attrs.text()
	}
	c.Done(&attrs.Cursor)
}
