package mqtt

import (
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Types of control packets (section 2.1.2 of MQTT 5).
const (
	typeConnect     = 1
	typeConnAck     = 2
	typePublish     = 3
	typePubAck      = 4
	typePubRec      = 5
	typePubRel      = 6
	typePubComp     = 7
	typeSubscribe   = 8
	typeSubAck      = 9
	typeUnsubscribe = 10
	typeUnsubAck    = 11
	typePingReq     = 12
	typePingResp    = 13
	typeDisconnect  = 14
	typeAuth        = 15
)

const version5 = 5

// badLength is the reason for a remaining length that does not end.
const badLength = "malformed MQTT 'remaining length': too many bytes"

// packet reads a control packet of size bytes after its fixed header, which begins with
// first. b may have less of them.
func (a *analyzer) packet(s *side, isOrig bool, first byte, b []byte, size int) {
	c := wire.NewCursor(b)
	typ := first >> 4
	switch {
	case typ == 0, typ == typeAuth && a.version != version5:
		a.malformed("unknown MQTT control packet type")
		return
	case typ == typePublish:
		a.publish(s, isOrig, first, &c, size, a.version == version5)
	default:
		a.control(isOrig, typ, &c, len(b) < size)
	}
	switch err := c.Err(); {
	case a.dead:
	case len(b) < size && typ != typePublish:
		a.Limited(source, "message_bytes")
	case err != nil && len(b) < size:
		a.Limited(source, "message_bytes")
	case err != nil:
		a.malformed(err.Error())
	}
}

// segment reads one control packet of a segment, as Zeek does.
func (a *analyzer) segment(isOrig bool, b []byte) {
	c := wire.NewCursor(b)
	first := c.U8("MQTT_PDU:fixed_header")
	size, n, shift := 0, 0, 0
	for c.More() {
		x := c.U8("")
		if n++; n <= maxLength {
			size |= int(x&0x7f) << shift
			shift += 7
		}
		if x&0x80 == 0 {
			break
		}
	}
	switch {
	case n > maxLength:
		a.Violate(conn.Violation{Reason: badLength, Late: true})
		size = 0
	case n == maxLength:
		a.Violate(conn.Violation{Reason: "malformed MQTT 'remaining length': too large", Late: true})
		size = 0
	}
	body := c.Within(size, "MQTT_PDU:command")
	if c.OK() {
		if typ := first >> 4; typ == typePublish {
			a.publish(nil, isOrig, first, &body, size, false)
		} else if typ != typeAuth {
			a.control(isOrig, typ, &body, false)
		}
		c.Done(&body)
	}
	if err := c.Err(); err != nil {
		a.Violate(conn.Violation{Reason: err.Error(), Data: b})
	}
}

// text reads a string (section 1.5.4).
func text(c *wire.Cursor) []byte {
	outer := c.Record()
	n := c.U16("MQTT_string:len")
	b := c.Take(int(n), "MQTT_string:str")
	c.End(outer)
	return b
}

// number reads a variable byte integer (section 1.5.5).
func number(c *wire.Cursor, field string) (n int) {
	for shift := 0; ; shift += 7 {
		x := c.U8(field)
		n |= int(x&0x7f) << shift
		switch {
		case x&0x80 == 0:
			return n
		case shift == 7*(maxLength-1):
			c.Fail(wire.Wrong(field + " is too long"))
			return 0
		}
	}
}

// properties reads the properties of MQTT 5 (section 2.2.2), which other versions do not
// have.
func (a *analyzer) properties(c *wire.Cursor) []byte {
	if a.version != version5 || a.Compat(asZeek) {
		return nil
	}
	const field = "properties"
	return c.Take(number(c, field), field)
}

// control reads a control packet that is no message. cut reports that its end is missing.
func (a *analyzer) control(isOrig bool, typ byte, c *wire.Cursor, cut bool) {
	h := a.f.hooks
	switch typ {
	case typeConnect:
		a.connect(c, cut)
	case typeConnAck:
		b := c.Head(2, "MQTT_connack")
		if !c.OK() {
			return
		}
		if e := h.ConnAck.Begin(); e != nil {
			*e = event.MQTTConnAck{Conn: a.Conn(), Msg: event.MQTTConnectAckMsg{ReturnCode: uint64(b[1]), SessionPresent: b[0]&1 != 0}}
			h.ConnAck.Raise(e)
		}
	case typePubAck:
		id := c.U16("MQTT_puback")
		if !c.OK() {
			return
		}
		if e := h.PubAck.Begin(); e != nil {
			*e = event.MQTTPubAck{Conn: a.Conn(), IsOrig: isOrig, MsgID: uint64(id)}
			h.PubAck.Raise(e)
		}
	case typePubRec:
		id := c.U16("MQTT_pubrec")
		if !c.OK() {
			return
		}
		if e := h.PubRec.Begin(); e != nil {
			*e = event.MQTTPubRec{Conn: a.Conn(), IsOrig: isOrig, MsgID: uint64(id)}
			h.PubRec.Raise(e)
		}
	case typePubRel:
		id := c.U16("MQTT_pubrel")
		if !c.OK() {
			return
		}
		if e := h.PubRel.Begin(); e != nil {
			*e = event.MQTTPubRel{Conn: a.Conn(), IsOrig: isOrig, MsgID: uint64(id)}
			h.PubRel.Raise(e)
		}
	case typePubComp:
		id := c.U16("MQTT_pubcomp")
		if !c.OK() {
			return
		}
		if e := h.PubComp.Begin(); e != nil {
			*e = event.MQTTPubComp{Conn: a.Conn(), IsOrig: isOrig, MsgID: uint64(id)}
			h.PubComp.Raise(e)
		}
	case typeSubscribe:
		a.subscribe(c, cut)
	case typeSubAck:
		a.subAck(c)
	case typeUnsubscribe:
		a.unsubscribe(c, cut)
	case typeUnsubAck:
		id := c.U16("MQTT_unsuback")
		if !c.OK() {
			return
		}
		if e := h.UnsubAck.Begin(); e != nil {
			*e = event.MQTTUnsubAck{Conn: a.Conn(), MsgID: uint64(id)}
			h.UnsubAck.Raise(e)
		}
	case typePingReq:
		if e := h.PingReq.Begin(); e != nil {
			*e = event.MQTTPingReq{Conn: a.Conn()}
			h.PingReq.Raise(e)
		}
	case typePingResp:
		if e := h.PingResp.Begin(); e != nil {
			*e = event.MQTTPingResp{Conn: a.Conn()}
			h.PingResp.Raise(e)
		}
	case typeDisconnect:
		if e := h.Disconnect.Begin(); e != nil {
			*e = event.MQTTDisconnect{Conn: a.Conn()}
			h.Disconnect.Raise(e)
		}
	case typeAuth:
		a.auth(isOrig, c)
	}
}

// Flags of CONNECT (section 3.1.2.3).
const (
	flagUsername   = 0x80
	flagPassword   = 0x40
	flagWillRetain = 0x20
	flagWill       = 0x04
	flagClean      = 0x02
)

// connect reads CONNECT (section 3.1).
func (a *analyzer) connect(c *wire.Cursor, cut bool) {
	m := event.MQTTConnectMsg{ProtocolName: text(c)}
	b := c.Head(4, "MQTT_connect:keep_alive")
	flags := b[1]
	if c.OK() {
		a.version = b[0]
	}
	a.properties(c)
	m.ProtocolVersion, m.KeepAlive = uint64(int64(int8(b[0]))), value.Interval(int(b[2])<<8|int(b[3]))
	m.CleanSession, m.WillRetain, m.WillQoS = flags&flagClean != 0, flags&flagWillRetain != 0, uint64(flags>>3&3)
	m.ClientID = text(c)
	if flags&flagWill != 0 {
		a.properties(c)
		m.WillTopic = value.Some(text(c))
		m.WillMsg = value.Some(text(c))
	}
	if flags&flagUsername != 0 {
		m.Username = value.Some(text(c))
	}
	if flags&flagPassword != 0 {
		m.Password = value.Some(text(c))
	}
	if !c.OK() && !cut {
		return
	}
	a.Confirm()
	if e := a.f.hooks.Connect.Begin(); e != nil {
		*e = event.MQTTConnect{Conn: a.Conn(), Msg: m}
		a.f.hooks.Connect.Raise(e)
	}
}

// publish reads PUBLISH (section 3.3) of size bytes.
func (a *analyzer) publish(s *side, isOrig bool, first byte, c *wire.Cursor, size int, properties bool) {
	all := c.Len()
	m := event.MQTTPublishMsg{Dup: first&8 != 0, QoS: uint64(first >> 1 & 3), Retain: first&1 != 0, Topic: text(c)}
	var id uint16
	if m.QoS != 0 {
		id = c.U16("MQTT_publish:msg_id")
	}
	if properties {
		m.Topic = a.resolve(s, m.Topic, a.properties(c))
	}
	if !c.OK() {
		return
	}
	m.PayloadLen = uint64(size - all + c.Len())
	m.Payload = c.Rest()
	m.Payload = m.Payload[:min(len(m.Payload), a.f.opt.PayloadBytes)]
	a.Confirm()
	if e := a.f.hooks.Publish.Begin(); e != nil {
		*e = event.MQTTPublish{Conn: a.Conn(), IsOrig: isOrig, MsgID: uint64(id), Msg: m}
		a.f.hooks.Publish.Raise(e)
	}
}

// Properties of a message (section 2.2.2.2).
const (
	propPayloadFormat   = 0x01
	propMessageExpiry   = 0x02
	propContentType     = 0x03
	propResponseTopic   = 0x08
	propCorrelationData = 0x09
	propSubscriptionID  = 0x0b
	propTopicAlias      = 0x23
	propUser            = 0x26
)

// aliasCost is what an alias takes beside the bytes of its topic.
const aliasCost = 32

// resolve returns the topic of a message with the given properties, after the alias in them.
func (a *analyzer) resolve(s *side, topic, properties []byte) []byte {
	n := topicAlias(properties)
	if n == 0 {
		return topic
	}
	for i := range s.aliases {
		x := &s.aliases[i]
		if x.n != n {
			continue
		}
		if len(topic) == 0 {
			return x.topic
		}
		a.HoldState(len(topic) - len(x.topic))
		x.topic = append(x.topic[:0], topic...)
		return topic
	}
	switch {
	case len(s.aliases) >= a.f.opt.Aliases:
		a.Limited(source, "topic_aliases")
	case len(topic) > 0:
		a.HoldState(aliasCost + len(topic))
		s.aliases = append(s.aliases, alias{n, append([]byte(nil), topic...)})
	}
	return topic
}

// topicAlias returns the topic alias among properties, or 0.
func topicAlias(b []byte) (n uint16) {
	c := wire.NewCursor(b)
	for c.More() {
		switch c.U8("") {
		case propPayloadFormat:
			c.Take(1, "")
		case propMessageExpiry:
			c.Take(4, "")
		case propContentType, propResponseTopic, propCorrelationData:
			text(&c)
		case propSubscriptionID:
			number(&c, "")
		case propTopicAlias:
			n = c.U16("")
		case propUser:
			text(&c)
			text(&c)
		default:
			return n // where it ends is not known
		}
	}
	return n
}

// subscribe reads SUBSCRIBE (section 3.8).
func (a *analyzer) subscribe(c *wire.Cursor, cut bool) {
	id := c.U16("MQTT_subscribe:msg_id")
	a.properties(c)
	topics, qos := a.f.topics[:0], a.f.qos[:0]
	options := byte(0xff)
	if !a.Compat(asZeek) {
		options = 3 // the QoS (section 3.8.3.1 of MQTT 5); the rest is 0 before
	}
	for c.More() {
		outer := c.Record()
		t := text(c)
		q := c.U8("MQTT_subscribe_topic:requested_QoS")
		c.End(outer)
		if c.OK() {
			topics, qos = append(topics, t), append(qos, uint64(q&options))
		}
	}
	a.f.topics, a.f.qos = topics, qos
	if !c.OK() && !cut {
		return
	}
	if e := a.f.hooks.Subscribe.Begin(); e != nil {
		*e = event.MQTTSubscribe{Conn: a.Conn(), MsgID: uint64(id), Topics: topics, RequestedQoS: qos}
		a.f.hooks.Subscribe.Raise(e)
	}
	a.f.shrink()
}

// shrink drops lists that are too long to be kept.
func (f *factory) shrink() {
	if cap(f.topics) > 1024 {
		f.topics, f.qos = nil, nil
	}
}

// subAck reads SUBACK (section 3.9).
func (a *analyzer) subAck(c *wire.Cursor) {
	var id uint16
	var granted byte
	if a.version == version5 && !a.Compat(asZeek) {
		id = c.U16("MQTT_suback")
		a.properties(c)
		granted = c.U8("MQTT_suback")
	} else {
		b := c.Head(3, "MQTT_suback")
		id, granted = uint16(b[0])<<8|uint16(b[1]), b[2]
	}
	if !c.OK() {
		return
	}
	if e := a.f.hooks.SubAck.Begin(); e != nil {
		*e = event.MQTTSubAck{Conn: a.Conn(), MsgID: uint64(id), GrantedQoS: uint64(granted)}
		a.f.hooks.SubAck.Raise(e)
	}
}

// unsubscribe reads UNSUBSCRIBE (section 3.10).
func (a *analyzer) unsubscribe(c *wire.Cursor, cut bool) {
	id := c.U16("MQTT_unsubscribe:msg_id")
	a.properties(c)
	topics := a.f.topics[:0]
	for c.More() {
		if t := text(c); c.OK() {
			topics = append(topics, t)
		}
	}
	a.f.topics = topics
	if !c.OK() && !cut {
		return
	}
	if e := a.f.hooks.Unsubscribe.Begin(); e != nil {
		*e = event.MQTTUnsubscribe{Conn: a.Conn(), MsgID: uint64(id), Topics: topics}
		a.f.hooks.Unsubscribe.Raise(e)
	}
	a.f.shrink()
}

// auth reads AUTH (MQTT 5 section 3.15). An empty one is a success.
func (a *analyzer) auth(isOrig bool, c *wire.Cursor) {
	var reason byte
	if c.More() {
		reason = c.U8("MQTT_auth")
	}
	if e := a.f.hooks.Auth.Begin(); e != nil {
		*e = event.MQTTAuth{Conn: a.Conn(), IsOrig: isOrig, ReasonCode: uint64(reason)}
		a.f.hooks.Auth.Raise(e)
	}
}
