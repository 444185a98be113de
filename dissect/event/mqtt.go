package event

import "github.com/wirelog/wirelog/value"

// MQTTConnectMsg is a CONNECT packet (MQTT 3.1.1 section 3.1, MQTT 5 section 3.1).
//
//wirelog:record MQTT::ConnectMsg
type MQTTConnectMsg struct {
	ProtocolName    []byte            `zeek:"protocol_name"`    // "MQTT", or "MQIsdp" before 3.1.1; valid inside the call
	ProtocolVersion uint64            `zeek:"protocol_version"` // 3 for 3.1, 4 for 3.1.1, 5
	ClientID        []byte            `zeek:"client_id"`        // valid inside the call
	KeepAlive       value.Interval    `zeek:"keep_alive"`       // longest time between two packets of the client
	CleanSession    bool              `zeek:"clean_session"`
	WillRetain      bool              `zeek:"will_retain"`
	WillQoS         uint64            `zeek:"will_qos"`
	WillTopic       value.Opt[[]byte] `zeek:"will_topic"` // valid inside the call
	WillMsg         value.Opt[[]byte] `zeek:"will_msg"`   // valid inside the call
	Username        value.Opt[[]byte] `zeek:"username"`   // valid inside the call
	Password        value.Opt[[]byte] `zeek:"password"`   // valid inside the call
}

// MQTTConnectAckMsg is a CONNACK packet (section 3.2).
//
//wirelog:record MQTT::ConnectAckMsg
type MQTTConnectAckMsg struct {
	ReturnCode     uint64 `zeek:"return_code"` // the reason code of MQTT 5
	SessionPresent bool   `zeek:"session_present"`
}

// MQTTPublishMsg is a PUBLISH packet (section 3.3).
//
//wirelog:record MQTT::PublishMsg
type MQTTPublishMsg struct {
	Dup        bool   `zeek:"dup"`         // sent before
	QoS        uint64 `zeek:"qos"`         // 0 at most once, 1 at least once, 2 exactly once
	Retain     bool   `zeek:"retain"`      // kept by the server
	Topic      []byte `zeek:"topic"`       // that of its alias if it has only that; valid inside the call
	Payload    []byte `zeek:"payload"`     // its beginning, up to a limit; valid inside the call
	PayloadLen uint64 `zeek:"payload_len"` // bytes of all of it
}

// MQTTConnect is raised for every CONNECT packet (section 3.1).
//
//wirelog:event mqtt_connect section=MQTT own
type MQTTConnect struct {
	Conn Conn           `zeek:"c"`
	Msg  MQTTConnectMsg `zeek:"msg"`
}

// MQTTConnAck is raised for every CONNACK packet (section 3.2).
//
//wirelog:event mqtt_connack section=MQTT own
type MQTTConnAck struct {
	Conn Conn              `zeek:"c"`
	Msg  MQTTConnectAckMsg `zeek:"msg"`
}

// MQTTPublish is raised for every PUBLISH packet (section 3.3).
//
//wirelog:event mqtt_publish section=MQTT own
type MQTTPublish struct {
	Conn   Conn           `zeek:"c"`
	IsOrig bool           `zeek:"is_orig"`
	MsgID  uint64         `zeek:"msg_id"` // packet identifier, 0 for QoS 0
	Msg    MQTTPublishMsg `zeek:"msg"`
}

// MQTTPubAck is raised for every PUBACK packet, the answer with QoS 1 (section 3.4).
//
//wirelog:event mqtt_puback section=MQTT own
type MQTTPubAck struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	MsgID  uint64 `zeek:"msg_id"` // that of the PUBLISH packet
}

// MQTTPubRec is raised for every PUBREC packet, the first answer with QoS 2 (section 3.5).
//
//wirelog:event mqtt_pubrec section=MQTT own
type MQTTPubRec struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	MsgID  uint64 `zeek:"msg_id"` // that of the PUBLISH packet
}

// MQTTPubRel is raised for every PUBREL packet, the answer to PUBREC (section 3.6).
//
//wirelog:event mqtt_pubrel section=MQTT own
type MQTTPubRel struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	MsgID  uint64 `zeek:"msg_id"` // that of the PUBLISH packet
}

// MQTTPubComp is raised for every PUBCOMP packet, the answer to PUBREL (section 3.7).
//
//wirelog:event mqtt_pubcomp section=MQTT own
type MQTTPubComp struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	MsgID  uint64 `zeek:"msg_id"` // that of the PUBLISH packet
}

// MQTTSubscribe is raised for every SUBSCRIBE packet (section 3.8).
//
//wirelog:event mqtt_subscribe section=MQTT own
type MQTTSubscribe struct {
	Conn         Conn     `zeek:"c"`
	MsgID        uint64   `zeek:"msg_id"`                         // packet identifier
	Topics       [][]byte `zeek:"topics" type:"string_vec"`       // topic filters; valid inside the call
	RequestedQoS []uint64 `zeek:"requested_qos" type:"index_vec"` // of each topic filter; valid inside the call
}

// MQTTSubAck is raised for every SUBACK packet (section 3.9).
//
//wirelog:event mqtt_suback section=MQTT own
type MQTTSubAck struct {
	Conn       Conn   `zeek:"c"`
	MsgID      uint64 `zeek:"msg_id"`      // that of the SUBSCRIBE packet
	GrantedQoS uint64 `zeek:"granted_qos"` // of the first topic filter; 128 and more is a failure
}

// MQTTUnsubscribe is raised for every UNSUBSCRIBE packet (section 3.10).
//
//wirelog:event mqtt_unsubscribe section=MQTT own
type MQTTUnsubscribe struct {
	Conn   Conn     `zeek:"c"`
	MsgID  uint64   `zeek:"msg_id"`                   // packet identifier
	Topics [][]byte `zeek:"topics" type:"string_vec"` // topic filters; valid inside the call
}

// MQTTUnsubAck is raised for every UNSUBACK packet (section 3.11).
//
//wirelog:event mqtt_unsuback section=MQTT own
type MQTTUnsubAck struct {
	Conn  Conn   `zeek:"c"`
	MsgID uint64 `zeek:"msg_id"` // that of the UNSUBSCRIBE packet
}

// MQTTPingReq is raised for every PINGREQ packet (section 3.12).
//
//wirelog:event mqtt_pingreq section=MQTT own
type MQTTPingReq struct {
	Conn Conn `zeek:"c"`
}

// MQTTPingResp is raised for every PINGRESP packet (section 3.13).
//
//wirelog:event mqtt_pingresp section=MQTT own
type MQTTPingResp struct {
	Conn Conn `zeek:"c"`
}

// MQTTDisconnect is raised for every DISCONNECT packet, which a server may send too since
// MQTT 5 (section 3.14).
//
//wirelog:event mqtt_disconnect section=MQTT own
type MQTTDisconnect struct {
	Conn Conn `zeek:"c"`
}

// MQTTAuth is raised for every AUTH packet of MQTT 5 (section 3.15).
//
//wirelog:event mqtt_auth section=MQTT own
type MQTTAuth struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	ReasonCode uint64 `zeek:"reason_code"`
}
