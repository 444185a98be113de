package mysql

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/wire"
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

// First bytes of a server's packets.
const (
	packetOK       = 0x00
	packetMoreData = 0x01
	packetEOF      = 0xfe // in the login AuthSwitchRequest
	packetErr      = 0xff
)

// Versions of the greeting.
const (
	version9  = 9
	version10 = 10
)

// greeting takes the first packet of a server.
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

// greeting10 takes Protocol::HandshakeV10.
func (a *analyzer) greeting10(c *cursor) {
	ver := c.nulString("Handshake_v10:server_version")
	c.LE32("Handshake_v10:connection_id")
	part1 := c.Take(8, "Handshake_v10:auth_plugin_data_part_1")
	c.Take(1+2+1+2, "Handshake_v10:filler_1")
	capabilities := uint32(c.LE16("Handshake_v10:capability_flags_2")) << 16
	n := int(c.U8("Handshake_v10:auth_plugin_data_len"))
	if n != 0 && n < 21 {
		c.Fail(wire.Enforce("Handshake_v10:auth_plugin_data_len"))
	}
	c.Take(10, "Handshake_v10:reserved")
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
		a.f.ev.plugin = event.MySQLAuthPlugin{Conn: a.c, Name: plugin, Data: a.f.data}
		h.Raise(&a.f.ev.plugin)
	}
}

func (a *analyzer) serverVersion(ver []byte) {
	if h := &a.f.hooks.ServerVersion; h.On() {
		a.f.ev.version = event.MySQLServerVersion{Conn: a.c, Ver: ver}
		h.Raise(&a.f.ev.version)
	}
}

// loginAnswer takes what a server sends during the login after its greeting.
func (a *analyzer) loginAnswer(c *cursor) {
	switch c.U8("Server_Connection_Phase_Packets:pkt_type") {
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
		if h := &a.f.hooks.AuthSwitchRequest; h.On() {
			a.f.ev.authSwitch = event.MySQLAuthSwitchRequest{Conn: a.c, Name: name, Data: c.Rest()}
			h.Raise(&a.f.ev.authSwitch)
		}
	case packetErr:
		a.errPacket(c)
	default:
		c.Fail(wire.Wrong("invalid index for case: Server_Connection_Phase_Packets:packet"))
	}
}

// login takes what a client sends during the login.
func (a *analyzer) login(c *cursor) {
	switch {
	case a.authData:
		a.moreData(true, c)
	case a.version == version10:
		a.response41(c)
	case a.version == version9:
		a.response320(c)
	default:
		c.Fail(wire.Wrong("invalid index for case: Handshake_Response_Packet"))
	}
}

func (a *analyzer) moreData(isOrig bool, c *cursor) {
	if h := &a.f.hooks.AuthMoreData; h.On() {
		a.f.ev.moreData = event.MySQLAuthMoreData{Conn: a.c, IsOrig: isOrig, Data: c.Rest()}
		h.Raise(&a.f.ev.moreData)
	}
}

// response41 takes Protocol::HandshakeResponse41, or Protocol::SSLRequest, which ends
// before the user name.
func (a *analyzer) response41(c *cursor) {
	flags := c.LE32("Handshake_Response_Packet_v10:cap_flags")
	c.Take(4+1+23, "Handshake_Response_Packet_v10:max_pkt_size")
	var user, password, plugin []byte
	if flags&clientSSL == 0 {
		user = c.nulString("Handshake_Credentials_v10:username")
		password = c.text("Handshake_Credentials_v10:password")
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
	a.t.Confirm(a.c, a)
	if flags&clientSSL != 0 {
		if h := &a.f.hooks.SSLRequest; h.On() {
			a.f.ev.sslRequest = event.MySQLSSLRequest{Conn: a.c}
			h.Raise(&a.f.ev.sslRequest)
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

// response320 takes Protocol::HandshakeResponse320, with the zero that ends the password
// taken for one that is always there.
func (a *analyzer) response320(c *cursor) {
	flags := c.LE16("Handshake_Response_Packet_v9:cap_flags")
	c.Take(3, "Handshake_Response_Packet_v9:max_pkt_size")
	user := c.nulString("Handshake_Response_Packet_v9:username")
	c.nulString("Handshake_Response_Packet_v9:auth_response")
	if flags&clientConnectWithDB != 0 {
		c.nulString("Handshake_Response_Packet_v9:database")
	}
	if !c.OK() {
		return
	}
	a.t.Confirm(a.c, a)
	a.handshake(user)
}

func (a *analyzer) handshake(user []byte) {
	if h := &a.f.hooks.Handshake; h.On() {
		a.f.ev.handshake = event.MySQLHandshake{Conn: a.c, Username: user}
		h.Raise(&a.f.ev.handshake)
	}
}

func (a *analyzer) clientPlugin(name, data []byte) {
	if h := &a.f.hooks.AuthPlugin; h.On() {
		a.f.ev.plugin = event.MySQLAuthPlugin{Conn: a.c, IsOrig: true, Name: name, Data: data}
		h.Raise(&a.f.ev.plugin)
	}
}

// connectionAttributes skips the names and values that a client tells about itself.
func connectionAttributes(c *cursor) {
	n := int(c.U8("Handshake_Connection_Attributes:length"))
	attrs := cursor{c.Within(n, "Handshake_Connection_Attributes:attrs")}
	for attrs.More() {
		attrs.text("Connection_Attribute:name")
		attrs.text("Connection_Attribute:value")
	}
	c.Done(&attrs.Cursor)
}
