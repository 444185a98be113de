package logs

import (
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// mqttBench plays control packets.
type mqttBench struct {
	*bench
	t *testing.T
	c *fakeConn
}

func newMQTTBench(t *testing.T, l Limits, follow compat.Set) *mqttBench {
	b := &bench{out: recorder{logs: []string{"mqtt_connect", "mqtt_publish", "mqtt_subscribe"}}, now: 1e9}
	b.builders = Install(&b.hooks, &b.out, Options{Limits: l, Now: func() value.Time { return b.now }, Compat: follow})
	return &mqttBench{b, t, &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1024 10.0.0.2:1883"), uid: uid(1)}}
}

func (b *mqttBench) publish(isOrig bool, id, qos uint64, payload string) {
	b.hooks.MQTT.Publish.Raise(&event.MQTTPublish{Conn: b.c, IsOrig: isOrig, MsgID: id,
		Msg: event.MQTTPublishMsg{QoS: qos, Topic: []byte("t"), Payload: []byte(payload), PayloadLen: uint64(len(payload))}})
}

func (b *mqttBench) expect(name string, want ...string) {
	b.t.Helper()
	var got []string
	for _, r := range b.out.take() {
		log, rest, _ := strings.Cut(r, " ")
		ts, rest, _ := strings.Cut(rest, " uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=1883")
		got = append(got, strings.TrimPrefix(log, "mqtt_")+" "+strings.TrimPrefix(ts, "ts=")+rest)
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		b.t.Errorf("%s:\n%s\nwant\n%s", name, g, w)
	}
}

func TestMQTTConnect(t *testing.T) {
	zeek, err := compat.Parse(compat.Zeek82)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		version, code uint64
		follow        compat.Set
		want          string
	}{
		{3, 0, 0, "3.1 client_id=me connect_status=Connection Accepted"},
		{4, 5, 0, "3.1.1 client_id=me connect_status=Refused: not authorized"},
		{4, 6, 0, "3.1.1 client_id=me connect_status=unknown-return-code-6"},
		{5, 0x87, 0, "5.0 client_id=me connect_status=Refused: not authorized"},
		{5, 0x87, zeek, "5.0 client_id=me connect_status=unknown-return-code-135"},
		{6, 0, 0, "unknown-version-6 client_id=me connect_status=Connection Accepted"},
	} {
		b := newMQTTBench(t, Limits{}, c.follow)
		b.hooks.MQTT.Connect.Raise(&event.MQTTConnect{Conn: b.c, Msg: event.MQTTConnectMsg{ProtocolName: []byte("MQTT"), ProtocolVersion: c.version,
			ClientID: []byte("me"), WillTopic: value.Some([]byte("gone")), WillMsg: value.Some([]byte("bye"))}})
		b.now = 2e9
		b.hooks.MQTT.ConnAck.Raise(&event.MQTTConnAck{Conn: b.c, Msg: event.MQTTConnectAckMsg{ReturnCode: c.code}})
		b.expect(c.want, "connect 1 proto_name=MQTT proto_version="+c.want+" will_topic=gone will_payload=bye")
	}
	b := newMQTTBench(t, Limits{}, 0)
	b.hooks.MQTT.ConnAck.Raise(&event.MQTTConnAck{Conn: b.c})
	b.expect("answer alone", "connect 1 connect_status=Connection Accepted")
}

func TestMQTTPublish(t *testing.T) {
	b := newMQTTBench(t, Limits{}, 0)
	h := &b.hooks.MQTT
	row := func(from, qos, status, payload string) string {
		return "publish 1 from_client=" + from + " retain=false qos=" + qos + " status=" + status + " topic=t payload=" + payload + " payload_len=1"
	}
	b.publish(true, 0, 0, "a")
	b.expect("at most once", row("true", "at most once", "ok", "a"))
	b.publish(true, 1, 1, "b")
	b.publish(false, 1, 1, "c") // the same identifier of the other side
	h.PubAck.Raise(&event.MQTTPubAck{Conn: b.c, IsOrig: true, MsgID: 1})
	b.expect("answer to the server", row("false", "at least once", "ok", "c"))
	h.PubAck.Raise(&event.MQTTPubAck{Conn: b.c, IsOrig: false, MsgID: 1})
	b.expect("answer to the client", row("true", "at least once", "ok", "b"))
	b.publish(true, 2, 2, "d")
	h.PubRec.Raise(&event.MQTTPubRec{Conn: b.c, MsgID: 2})
	h.PubRel.Raise(&event.MQTTPubRel{Conn: b.c, IsOrig: true, MsgID: 2})
	h.PubComp.Raise(&event.MQTTPubComp{Conn: b.c, MsgID: 2})
	b.expect("exactly once", row("true", "exactly once", "ok", "d"))
	b.publish(true, 3, 3, "e")
	b.publish(true, 3, 1, "f")
	b.expect("identifier used again", row("true", "unknown-qos-level-3", "incomplete_qos", "e"))
	b.now = 10e9
	b.publish(true, 0, 0, "g")
	b.out.take()
	b.now = 11e9
	h.PubAck.Raise(&event.MQTTPubAck{Conn: b.c, MsgID: 3})
	b.expect("too late", row("true", "at least once", "incomplete_qos", "f"))
	b.now = 1e9
	b.publish(true, 4, 1, "h")
	endConn(&b.hooks, b.c)
	b.expect("never", row("true", "at least once", "incomplete_qos", "h"))
	if b.c.held != 0 {
		t.Errorf("%d bytes are held", b.c.held)
	}
}

func TestMQTTSubscribe(t *testing.T) {
	b := newMQTTBench(t, Limits{}, 0)
	h := &b.hooks.MQTT
	h.Subscribe.Raise(&event.MQTTSubscribe{Conn: b.c, MsgID: 1, Topics: [][]byte{[]byte("a/+"), []byte("b/#")}, RequestedQoS: []uint64{2, 0}})
	b.now = 2e9
	h.SubAck.Raise(&event.MQTTSubAck{Conn: b.c, MsgID: 1, GrantedQoS: 2})
	h.SubAck.Raise(&event.MQTTSubAck{Conn: b.c, MsgID: 1, GrantedQoS: 2})
	h.Unsubscribe.Raise(&event.MQTTUnsubscribe{Conn: b.c, MsgID: 1, Topics: [][]byte{[]byte("a/+")}})
	h.UnsubAck.Raise(&event.MQTTUnsubAck{Conn: b.c, MsgID: 1})
	h.Unsubscribe.Raise(&event.MQTTUnsubscribe{Conn: b.c, MsgID: 2, Topics: [][]byte{[]byte("b/#")}})
	endConn(&b.hooks, b.c)
	b.expect("subscriptions", "subscribe 1 action=MQTT::SUBSCRIBE topics=a/+,b/#, qos_levels=2,0, granted_qos_level=2 ack=true",
		"subscribe 2 action=MQTT::UNSUBSCRIBE topics=a/+, ack=true", "subscribe 2 action=MQTT::UNSUBSCRIBE topics=b/#, ack=false")
}

func TestMQTTAsZeek(t *testing.T) {
	zeek, err := compat.Parse(compat.Zeek82)
	if err != nil {
		t.Fatal(err)
	}
	b := newMQTTBench(t, Limits{}, zeek)
	b.publish(true, 1, 1, "a")
	b.publish(false, 1, 1, "b") // replaces it
	b.now = 3e9
	endConn(&b.hooks, b.c)
	b.expect("no time to wait")
	b.publish(true, 1, 1, "c")
	b.now = 14e9
	endConn(&b.hooks, b.c)
	b.expect("time", "publish 3 from_client=true retain=false qos=at least once status=incomplete_qos topic=t payload=c payload_len=1")
}

func TestMQTTLimits(t *testing.T) {
	b := newMQTTBench(t, Limits{MQTTPending: 2}, 0)
	for id := range uint64(3) {
		b.publish(true, id, 1, "a")
	}
	b.expect("the oldest is written", "publish 1 from_client=true retain=false qos=at least once status=incomplete_qos topic=t payload=a payload_len=1")
}
