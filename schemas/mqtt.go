package schemas

import "github.com/wirelog/wirelog/value"

// MQTTConnect is a client's connection to an MQTT server.
//
//wirelog:log mqtt_connect
type MQTTConnect struct {
	// Time of the client's request.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Name of the protocol: MQTT, or MQIsdp before 3.1.1.
	ProtoName value.Opt[string] `zeek:"proto_name"`
	// Version of the protocol.
	ProtoVersion value.Opt[string] `zeek:"proto_version"`
	// Identifier of the client.
	ClientID value.Opt[string] `zeek:"client_id"`
	// The server's answer.
	ConnectStatus value.Opt[string] `zeek:"connect_status"`
	// Topic of the message that the server publishes when the client is gone.
	WillTopic value.Opt[string] `zeek:"will_topic"`
	// Payload of that message.
	WillPayload value.Opt[string] `zeek:"will_payload"`
	*Flow
}

// MQTTPublish is a message that a client publishes, or that a server sends to a subscriber.
//
//wirelog:log mqtt_publish
type MQTTPublish struct {
	// Time of the message.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Whether the client sent the message.
	FromClient bool `zeek:"from_client"`
	// Whether the server keeps the message for later subscribers.
	Retain bool `zeek:"retain"`
	// Quality of service.
	QoS string `zeek:"qos"`
	// Whether all packets of that quality of service were seen: ok or incomplete_qos.
	Status string `zeek:"status"`
	// Topic of the message.
	Topic string `zeek:"topic"`
	// The beginning of its payload.
	Payload string `zeek:"payload"`
	// Length of the payload in bytes.
	PayloadLen uint64 `zeek:"payload_len"`
	*Flow
}

// MQTTSubscribe is a subscription, or its end.
//
//wirelog:log mqtt_subscribe
type MQTTSubscribe struct {
	// Time of the request.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// MQTT::SUBSCRIBE or MQTT::UNSUBSCRIBE.
	Action value.Enum `zeek:"action"`
	// Topic filters.
	Topics value.Vector[string] `zeek:"topics"`
	// Quality of service that is asked for, of each topic filter; unset for the end of a subscription.
	QoSLevels value.Vector[uint64] `zeek:"qos_levels"`
	// Quality of service that the server grants to the first topic filter.
	GrantedQoSLevel value.Opt[uint64] `zeek:"granted_qos_level"`
	// Whether the server answered.
	Ack bool `zeek:"ack"`
	*Flow
}
