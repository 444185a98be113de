package rdp

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/utf16"
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
)

// Types of user data (MS-RDPBCGR section 2.2.1.3.1).
const (
	clientCore     = 0xc001
	clientSecurity = 0xc002
	clientNetwork  = 0xc003
	clientCluster  = 0xc004
	serverCore     = 0x0c01
	serverSecurity = 0x0c02
	serverNetwork  = 0x0c03
)

// blocks parses the user data that client and server exchange: blocks with a header each.
func (a *analyzer) blocks(c *cursor) {
	const header = 4
	for c.Len() > 0 {
		c.Record()
		head := c.Head(header, "Data_Block:header")
		typ, n := binary.LittleEndian.Uint16(head), int(binary.LittleEndian.Uint16(head[2:]))
		b := c.within(n-header, "Data_Block:block")
		switch typ {
		case clientCore:
			a.clientCore(&b)
		case clientSecurity:
			b.Take(8, "Client_Security_Data")
		case clientNetwork:
			a.clientNetwork(&b)
		case clientCluster:
			b.Take(8, "Client_Cluster_Data")
		case serverCore:
			b.Take(4, "Server_Core_Data:version_minor")
			if n != 8 {
				b.Take(4, "Server_Core_Data:client_requested_protocols")
			}
		case serverSecurity:
			a.serverSecurity(&b)
		case serverNetwork:
			b.Take(4, "Server_Network_Data")
		}
		c.Done(&b.Cursor)
	}
}

// clientCore parses Client Core Data (MS-RDPBCGR section 2.2.1.3.2).
func (a *analyzer) clientCore(c *cursor) {
	first := numbers{c.Head(20, "Client_Core_Data:client_build")}
	name := c.Take(32, "Client_Core_Data:client_name")
	keyboard := numbers{c.Head(12, "Client_Core_Data:keyboard_function_key")}
	ime := c.Take(64, "Client_Core_Data:ime_file_name")
	last := numbers{c.Head(14, "Client_Core_Data:early_capability_flags")}
	product := c.Take(64, "Client_Core_Data:dig_product_id")
	if !c.OK() {
		return
	}
	a.Confirm()
	h := &a.f.hooks.ClientCoreData
	e := h.Begin()
	if e == nil {
		return
	}
	*e = event.RDPClientCoreData{Conn: a.Conn()}
	d := &e.Data
	d.VersionMajor, d.VersionMinor = first.u16(), first.u16()
	d.DesktopWidth, d.DesktopHeight = first.u16(), first.u16()
	d.ColorDepth, d.SASSequence = first.u16(), first.u16()
	d.KeyboardLayout, d.ClientBuild = first.u32(), first.u32()
	d.KeyboardType, d.KeyboardSub, d.KeyboardFunctionKey = keyboard.u32(), keyboard.u32(), keyboard.u32()
	d.PostBeta2ColorDepth, d.ClientProductID, d.SerialNumber = last.u16(), last.u16(), last.u32()
	d.HighColorDepth, d.SupportedColorDepths = last.u16(), last.u16()
	flags := last.u16()
	d.ECFlags = event.RDPEarlyCapabilityFlags{
		SupportErrInfoPDU: flags&0x001 != 0, Want32bppSession: flags&0x002 != 0, SupportStatusInfoPDU: flags&0x004 != 0,
		StrongAsymmetricKeys: flags&0x008 != 0, SupportMonitorLayoutPDU: flags&0x040 != 0,
		SupportNetcharAutodetect: flags&0x080 != 0, SupportDynvcGfxProtocol: flags&0x100 != 0,
		SupportDynamicTimeZone: flags&0x200 != 0, SupportHeartbeatPDU: flags&0x400 != 0,
	}
	text := a.f.text[:0]
	n1 := len(a.utf8(&text, name))
	n2 := len(a.utf8(&text, ime))
	a.utf8(&text, product)
	a.f.text = text
	d.ClientName, d.IMEFileName, d.DigProductID = text[:n1:n1], text[n1:n1+n2:n1+n2], text[n1+n2:]
	h.Raise(e)
}

// numbers reads numbers from bytes whose presence has been checked.
type numbers struct{ b []byte }

func (n *numbers) u16() uint64 {
	v := binary.LittleEndian.Uint16(n.b)
	n.b = n.b[2:]
	return uint64(v)
}

func (n *numbers) u32() uint64 {
	v := binary.LittleEndian.Uint32(n.b)
	n.b = n.b[4:]
	return uint64(v)
}

// utf8 converts the UTF-16 text s, appends it to *dst and returns the appended part.
func (a *analyzer) utf8(dst *[]byte, s []byte) []byte {
	n := len(*dst)
	b, ok := utf16.Append(*dst, s)
	if !ok {
		a.Weird("utf16_conversion_failed", "utf16 conversion failed in utf16_to_utf8_val", "")
	}
	*dst = b
	return b[n:]
}

// clientNetwork parses Client Network Data (MS-RDPBCGR section 2.2.1.3.4).
func (a *analyzer) clientNetwork(c *cursor) {
	n := c.LE32("Client_Network_Data:channel_count")
	if n > maxChannels {
		c.Fail(wire.Enforce("Client_Network_Data:channel_count"))
	}
	c.elements(n, "Client_Network_Data:channel_def_array")
	list := a.f.channels[:0]
	for i := uint32(0); i < n && c.OK(); i++ {
		c.Record()
		name := c.Take(8, "Client_Channel_Def:name")
		o := c.LE32("Client_Channel_Def:options")
		list = append(list, event.RDPClientChannelDef{
			Name: name, Options: uint64(o),
			Initialized: o>>31 != 0, EncryptRDP: o>>30&1 != 0, EncryptSC: o>>29&1 != 0, EncryptCS: o>>28&1 != 0,
			PriHigh: o>>27&1 != 0, PriMed: o>>26&1 != 0, PriLow: o>>25&1 != 0, CompressRDP: o>>23&1 != 0,
			Compress: o>>22&1 != 0, ShowProtocol: o>>21&1 != 0, Persistent: o>>20&1 != 0,
		})
	}
	a.f.channels = list
	if !c.OK() || n == 0 {
		return
	}
	if e := a.f.hooks.ClientNetworkData.Begin(); e != nil {
		*e = event.RDPClientNetworkData{Conn: a.Conn(), Channels: list}
		a.f.hooks.ClientNetworkData.Raise(e)
	}
	if n > likelyChannels {
		a.WeirdNumber("RDP_channels_requested_exceeds_max", int(n), "")
	}
}

// serverSecurity parses Server Security Data (MS-RDPBCGR section 2.2.1.4.3). If it names an
// encryption method, everything after it is encrypted.
func (a *analyzer) serverSecurity(c *cursor) {
	const randomLen = 32
	head := c.Head(16, "Server_Security_Data:server_cert_length")
	method, level := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
	random, n := binary.LittleEndian.Uint32(head[8:]), binary.LittleEndian.Uint32(head[12:])
	if random != randomLen && (method != 0 || level != 0 || random != 0) {
		c.Fail(wire.Enforce("Server_Security_Data:server_random_length"))
	}
	c.Take(int(random), "Server_Security_Data:server_random")
	cert := c.within(int(n), "Server_Security_Data:server_certificate")
	a.certificate(&cert)
	if c.Done(&cert.Cursor); !c.OK() {
		return
	}
	if method > 0 && level > 0 {
		a.begin(0)
	}
	a.Confirm()
	if e := a.f.hooks.ServerSecurity.Begin(); e != nil {
		*e = event.RDPServerSecurity{Conn: a.Conn(), EncryptionMethod: uint64(method), EncryptionLevel: uint64(level)}
		a.f.hooks.ServerSecurity.Raise(e)
	}
}

// Types of certificates (MS-RDPBCGR section 2.2.1.4.3.1).
const (
	certProprietary = 1
	certX509        = 2
	certTemporary   = 1 << 31
)

// certificate parses a server's certificate.
func (a *analyzer) certificate(c *cursor) {
	version := c.LE32("Server_Certificate:version")
	typ := version &^ certTemporary
	switch typ {
	case certProprietary:
		proprietary(c)
	case certX509:
		a.chain(c)
	default:
		c.Fail(wire.InvalidCase("Server_Certificate", int(typ)))
	}
	if h := &a.f.hooks.ServerCertificate; c.OK() && h.On() {
		e := h.Begin()
		*e = event.RDPServerCertificate{Conn: a.Conn(), CertType: uint64(typ), PermanentlyIssued: version&certTemporary == 0}
		h.Raise(e)
	}
}

// proprietary skips a Server Proprietary Certificate (MS-RDPBCGR section 2.2.1.4.3.1.1).
func proprietary(c *cursor) {
	c.Record()
	head := c.Head(4+4+2+2, "Server_Proprietary_Cert:public_key_blob_length")
	key := c.within(int(binary.LittleEndian.Uint16(head[10:])), "Server_Proprietary_Cert:public_key_blob")
	key.Take(4, "Public_Key_Blob:magic")
	n := binary.LittleEndian.Uint32(key.Head(4+4+4, "Public_Key_Blob:public_exponent")) // key length in bytes and in bits, exponent
	if n > maxCertificate {
		key.Fail(wire.Enforce("Public_Key_Blob:key_length"))
	}
	key.Take(int(n), "Public_Key_Blob:modulus")
	c.Done(&key.Cursor)
	head = c.Head(2+2, "Server_Proprietary_Cert:signature_blob_length")
	c.Take(int(binary.LittleEndian.Uint16(head[2:])), "Server_Proprietary_Cert:signature_blob")
}

// chain passes the certificates of an X.509 Certificate Chain on (MS-RDPELE section
// 2.2.1.4.2).
func (a *analyzer) chain(c *cursor) {
	c.Record()
	n := c.LE32("X509:num_of_certs")
	if n > maxCertificates {
		c.Fail(wire.Enforce("X509:num_of_certs"))
	}
	c.elements(n, "X509:certs")
	for ; n > 0 && c.OK(); n-- {
		c.Record()
		size := c.LE32("X509_Cert_Data:cert_len")
		if size > maxCertificate {
			c.Fail(wire.Enforce("X509_Cert_Data:cert_len"))
		}
		if der := c.Take(int(size), "X509_Cert_Data:cert"); c.OK() {
			a.f.certs.RDPCertificate(a.Conn(), der)
		}
	}
}
