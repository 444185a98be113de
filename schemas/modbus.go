package schemas

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// Modbus is a message of Modbus/TCP: a request, a response or an exception.
//
//wirelog:log modbus
type Modbus struct {
	// Time of the message's header.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Transaction identifier, which a response repeats.
	TID value.Opt[uint64] `zeek:"tid"`
	// Unit identifier: the device behind a gateway.
	Unit value.Opt[uint64] `zeek:"unit"`
	// Name of the function.
	Func value.Opt[string] `zeek:"func"`
	// Whether the message is a request (REQ) or a response (RESP).
	PDUType value.Opt[string] `zeek:"pdu_type"`
	// Name of the exception, if the response is one.
	Exception value.Opt[string] `zeek:"exception"`
	*Flow
}

// KnownModbus is a host that was seen as a Modbus master or slave, at most once a day.
//
//wirelog:log known_modbus optional
type KnownModbus struct {
	// Time of the message.
	TS value.Time `zeek:"ts"`
	// Address of the host.
	Host netip.Addr `zeek:"host"`
	// Known::MODBUS_MASTER for a client, Known::MODBUS_SLAVE for a server.
	DeviceType value.Enum `zeek:"device_type"`
}

// ModbusRegisterChange is a holding register whose value differs from the one read before.
//
//wirelog:log modbus_register_change optional
type ModbusRegisterChange struct {
	// Time of the response with the new value.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// The register, counted from 1.
	Register uint64 `zeek:"register"`
	// The previous value.
	OldVal uint64 `zeek:"old_val"`
	// The new value.
	NewVal uint64 `zeek:"new_val"`
	// Time since the old value was first read, in seconds.
	Delta value.Interval `zeek:"delta"`
	*Flow
}
