package logs

import (
	"strconv"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/internal/linked"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// mqtt builds the logs of MQTT after Zeek's base/protocols/mqtt: a row in mqtt_connect for
// each answer to a client's request, and rows in mqtt_publish and mqtt_subscribe when what
// belongs to a message or a subscription has been seen, or when it has not come in time.
type mqtt struct {
	states[mqttState]
	out    schemas.Emitter
	now    func() value.Time
	most   int
	asZeek bool
	free   freelist.List[mqttPending]

	connect   schemas.MQTTConnect
	publish   schemas.MQTTPublish
	subscribe schemas.MQTTSubscribe
	topics    []string
	name      []byte // scratch
	uidBuf    []byte
}

// A mqttState is the state of a connection.
type mqttState struct {
	ts                 value.Time // of the first packet
	version            uint64
	asked              bool // the client's request is there
	name, client       []byte
	willTopic, willMsg optText
	pending            map[uint32]*mqttPending
	byAge              linked.List[mqttPending]
	rows, held         int // bytes of rows to come, and of all that is on the account
}

// mqttPending is a message or a subscription whose row waits for what belongs to it.
type mqttPending struct {
	age      linked.Node[mqttPending]
	key      uint32
	ts       value.Time
	deadline value.Time // at which the row is written
	isOrig   bool
	leaving  bool // the end of a subscription
	retain   bool
	qos      uint64
	text     []byte // topic and payload, or topics
	ends     []int  // of topics in text; of the only one of a message
	levels   []uint64
	length   uint64 // of the payload
	rec, rel bool   // PUBREC and PUBREL were seen
	held     int
}

const (
	// mqttWait is how long a row waits (&write_expire of MQTT::State), and mqttCheck how
	// often Zeek looks for those that have waited (table_expire_interval).
	mqttWait  = 5 * value.Second
	mqttCheck = 10 * value.Second
)

// Kinds of keys, which have the packet identifier in their low bits.
const (
	mqttFromOrig     = 1 << 16
	mqttSubscription = 1 << 17
)

func installMQTT(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &mqtt{out: out, now: o.Now, most: o.Limits.MQTTPending, asZeek: o.Compat.Has(compat.PackageProtocols)}
	b.init(h, b.ended)
	h.MQTT.Connect.Listen(b.connected)
	h.MQTT.ConnAck.Listen(b.answered)
	h.MQTT.Publish.Listen(b.published)
	h.MQTT.PubAck.Listen(func(e *event.MQTTPubAck) {
		if p := b.message(e.Conn, e.MsgID, !e.IsOrig); p != nil && p.qos == 1 {
			b.finish(e.Conn, p, "ok")
		}
	})
	h.MQTT.PubRec.Listen(func(e *event.MQTTPubRec) {
		if p := b.message(e.Conn, e.MsgID, !e.IsOrig); p != nil {
			p.rec = true
		}
	})
	h.MQTT.PubRel.Listen(func(e *event.MQTTPubRel) {
		if p := b.message(e.Conn, e.MsgID, e.IsOrig); p != nil {
			p.rel = true
		}
	})
	h.MQTT.PubComp.Listen(func(e *event.MQTTPubComp) {
		if p := b.message(e.Conn, e.MsgID, !e.IsOrig); p != nil && p.qos == 2 && p.rec && p.rel {
			b.finish(e.Conn, p, "ok")
		}
	})
	h.MQTT.Subscribe.Listen(func(e *event.MQTTSubscribe) {
		b.asked(e.Conn, e.MsgID, e.Topics, e.RequestedQoS, false)
	})
	h.MQTT.Unsubscribe.Listen(func(e *event.MQTTUnsubscribe) {
		b.asked(e.Conn, e.MsgID, e.Topics, nil, true)
	})
	h.MQTT.SubAck.Listen(func(e *event.MQTTSubAck) {
		b.acked(e.Conn, e.MsgID, value.Some(e.GrantedQoS))
	})
	h.MQTT.UnsubAck.Listen(func(e *event.MQTTUnsubAck) { b.acked(e.Conn, e.MsgID, value.Opt[uint64]{}) })
}

// state returns the state of a connection, after the rows that have waited long enough.
func (b *mqtt) state(c event.Conn) *mqttState {
	s := b.known(c)
	if s == nil {
		s = b.add(c)
		*s = mqttState{ts: b.now(), name: s.name[:0], client: s.client[:0], pending: s.pending}
		return s
	}
	for p := s.byAge.Oldest(); p != nil && p.deadline <= b.now(); p = s.byAge.Oldest() {
		b.finish(c, p, "incomplete_qos")
	}
	return s
}

func (b *mqtt) connected(e *event.MQTTConnect) {
	s := b.state(e.Conn)
	m := &e.Msg
	s.asked, s.version = true, m.ProtocolVersion
	s.name, s.client = append(s.name[:0], m.ProtocolName...), append(s.client[:0], m.ClientID...)
	if m.WillTopic.OK {
		s.willTopic.set(m.WillTopic.V)
	}
	if m.WillMsg.OK {
		s.willMsg.set(m.WillMsg.V)
	}
	b.account(e.Conn, s, 0)
}

// account counts n bytes more of rows to come, and the long texts of the connection.
func (b *mqtt) account(c event.Conn, s *mqttState, n int) {
	s.rows += n
	texts := len(s.name) + len(s.client) + len(s.willTopic.b) + len(s.willMsg.b)
	if texts <= smallState {
		texts = 0
	}
	b.keep(c, &s.held, s.rows+texts)
}

// mqttVersions are the names of versions (MQTT::versions).
var mqttVersions = map[uint64]string{3: "3.1", 4: "3.1.1", 5: "5.0"}

// mqttReturnCodes are the names of the answers to a client (MQTT::return_codes).
var mqttReturnCodes = []string{
	"Connection Accepted", "Refused: unacceptable protocol version", "Refused: identifier rejected",
	"Refused: server unavailable", "Refused: bad user name or password", "Refused: not authorized",
}

// mqttReasons are those of MQTT 5 (section 3.2.2.2), in the same words where they mean the
// same.
var mqttReasons = map[uint64]string{
	0x00: "Connection Accepted", 0x80: "Refused: unspecified error", 0x81: "Refused: malformed packet", 0x82: "Refused: protocol error",
	0x83: "Refused: implementation specific error", 0x84: "Refused: unacceptable protocol version", 0x85: "Refused: identifier rejected",
	0x86: "Refused: bad user name or password", 0x87: "Refused: not authorized", 0x88: "Refused: server unavailable",
	0x89: "Refused: server busy", 0x8a: "Refused: banned", 0x8c: "Refused: bad authentication method", 0x90: "Refused: topic name invalid",
	0x95: "Refused: packet too large", 0x97: "Refused: quota exceeded", 0x99: "Refused: payload format invalid",
	0x9a: "Refused: retain not supported", 0x9b: "Refused: QoS not supported", 0x9c: "Refused: use another server",
	0x9d: "Refused: server moved", 0x9f: "Refused: connection rate exceeded",
}

// unknown returns Zeek's name of a number without one, valid until the next call.
func (b *mqtt) unknown(what string, n uint64) string {
	b.name = strconv.AppendUint(append(append(b.name[:0], "unknown-"...), what...), n, 10)
	return text(b.name)
}

func (b *mqtt) answered(e *event.MQTTConnAck) {
	s := b.state(e.Conn)
	id, uid := e.Conn.ID(), e.Conn.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	r := &b.connect
	*r = schemas.MQTTConnect{TS: s.ts, UID: text(b.uidBuf), ID: Endpoints(&id), WillTopic: s.willTopic.column(), WillPayload: s.willMsg.column()}
	if s.asked {
		version, ok := mqttVersions[s.version]
		if !ok {
			version = "unknown-version-" + strconv.FormatInt(int64(s.version), 10)
		}
		r.ProtoName, r.ProtoVersion, r.ClientID = value.Some(text(s.name)), value.Some(version), value.Some(text(s.client))
	}
	code := e.Msg.ReturnCode
	status, ok := mqttReasons[code]
	if s.version != 5 || b.asZeek {
		if ok = code < uint64(len(mqttReturnCodes)); ok {
			status = mqttReturnCodes[code]
		}
	}
	if !ok {
		status = b.unknown("return-code-", code)
	}
	r.ConnectStatus = value.Some(status)
	b.out.Emit(r)
}

// begin adds a row to come, in the place of one with the same key.
func (b *mqtt) begin(c event.Conn, key uint32) *mqttPending {
	s := b.state(c)
	if old := s.pending[key]; old != nil {
		if b.asZeek {
			b.forget(c, s, old)
		} else {
			b.finish(c, old, "incomplete_qos")
		}
	}
	if b.most > 0 && len(s.pending) >= b.most {
		b.finish(c, s.byAge.Oldest(), "incomplete_qos")
	}
	if s.pending == nil {
		s.pending = make(map[uint32]*mqttPending)
	}
	p := b.free.Get()
	now := b.now()
	*p = mqttPending{key: key, ts: now, deadline: deadline(s.ts, now), text: p.text[:0], ends: p.ends[:0], levels: p.levels[:0]}
	s.pending[key] = p
	s.byAge.Add(&p.age, p)
	return p
}

// deadline returns when Zeek, which looks every mqttCheck from start on, finds that what
// began at ts has waited for more than mqttWait.
func deadline(start, ts value.Time) value.Time {
	n := (ts + mqttWait - start) / mqttCheck
	return start + (n+1)*mqttCheck
}

// weigh counts what a row to come takes.
func (b *mqtt) weigh(c event.Conn, p *mqttPending) {
	p.held = freelist.Size[mqttPending]() + len(p.text) + 16*len(p.ends)
	b.account(c, b.known(c), p.held)
}

// forget removes a row to come.
func (b *mqtt) forget(c event.Conn, s *mqttState, p *mqttPending) {
	delete(s.pending, p.key)
	s.byAge.Remove(&p.age)
	b.account(c, s, -p.held)
	if cap(p.text) > 4<<10 || cap(p.ends) > 256 {
		*p = mqttPending{}
	}
	b.free.Put(p)
}

// messageKey returns the key of a message. Zeek does not tell the sides apart.
func (b *mqtt) messageKey(id uint64, isOrig bool) uint32 {
	key := uint32(uint16(id))
	if isOrig && !b.asZeek {
		key |= mqttFromOrig
	}
	return key
}

// message returns a message of a side whose row is to come, or nil.
func (b *mqtt) message(c event.Conn, id uint64, isOrig bool) *mqttPending {
	return b.state(c).pending[b.messageKey(id, isOrig)]
}

func (b *mqtt) published(e *event.MQTTPublish) {
	m := &e.Msg
	p := b.begin(e.Conn, b.messageKey(e.MsgID, e.IsOrig))
	p.isOrig, p.retain, p.qos, p.length = e.IsOrig, m.Retain, m.QoS, m.PayloadLen
	p.ends = append(p.ends, len(m.Topic))
	p.text = append(append(p.text, m.Topic...), m.Payload...)
	if m.QoS == 0 {
		b.finish(e.Conn, p, "ok")
		return
	}
	b.weigh(e.Conn, p)
}

// asked takes a subscription or, with leaving, its end.
func (b *mqtt) asked(c event.Conn, id uint64, topics [][]byte, levels []uint64, leaving bool) {
	p := b.begin(c, uint32(uint16(id))|mqttSubscription)
	p.leaving = leaving
	for _, t := range topics {
		p.text = append(p.text, t...)
		p.ends = append(p.ends, len(p.text))
	}
	p.levels = append(p.levels, levels...)
	b.weigh(c, p)
}

// acked takes the answer to a subscription or to its end.
func (b *mqtt) acked(c event.Conn, id uint64, granted value.Opt[uint64]) {
	if p := b.state(c).pending[uint32(uint16(id))|mqttSubscription]; p != nil {
		b.subscribed(c, p, granted, true)
		b.forget(c, b.known(c), p)
	}
}

// mqttQoS are the names of qualities of service (MQTT::qos_levels).
var mqttQoS = []string{"at most once", "at least once", "exactly once"}

// finish writes a row to come.
func (b *mqtt) finish(c event.Conn, p *mqttPending, status string) {
	if p.key&mqttSubscription != 0 {
		b.subscribed(c, p, value.Opt[uint64]{}, false)
	} else {
		id, uid := c.ID(), c.UID()
		b.uidBuf = uid.Append(b.uidBuf[:0])
		topic := p.ends[0]
		b.publish = schemas.MQTTPublish{
			TS: p.ts, UID: text(b.uidBuf), ID: Endpoints(&id), FromClient: p.isOrig, Retain: p.retain, Status: status,
			Topic: text(p.text[:topic]), Payload: text(p.text[topic:]), PayloadLen: p.length,
		}
		if p.qos < uint64(len(mqttQoS)) {
			b.publish.QoS = mqttQoS[p.qos]
		} else {
			b.publish.QoS = b.unknown("qos-level-", p.qos)
		}
		b.out.Emit(&b.publish)
	}
	b.forget(c, b.known(c), p)
}

// subscribed writes the row of a subscription or of its end.
func (b *mqtt) subscribed(c event.Conn, p *mqttPending, granted value.Opt[uint64], ack bool) {
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.topics = b.topics[:0]
	from := 0
	for _, end := range p.ends {
		b.topics = append(b.topics, text(p.text[from:end]))
		from = end
	}
	b.subscribe = schemas.MQTTSubscribe{
		TS: p.ts, UID: text(b.uidBuf), ID: Endpoints(&id), Action: "MQTT::SUBSCRIBE", Topics: b.topics,
		QoSLevels: p.levels, GrantedQoSLevel: granted, Ack: ack,
	}
	if p.leaving {
		b.subscribe.Action, b.subscribe.QoSLevels = "MQTT::UNSUBSCRIBE", nil
	}
	b.out.Emit(&b.subscribe)
}

// ended writes what has had no answer. Zeek forgets what has not waited long enough.
func (b *mqtt) ended(c event.Conn, s *mqttState) {
	for p := s.byAge.Oldest(); p != nil; p = s.byAge.Oldest() {
		if b.asZeek && p.deadline > b.now() {
			b.forget(c, s, p)
		} else {
			b.finish(c, p, "incomplete_qos")
		}
	}
	b.keep(c, &s.held, 0)
	if cap(s.name)+cap(s.client) > 4<<10 {
		s.name, s.client = nil, nil
	}
}
