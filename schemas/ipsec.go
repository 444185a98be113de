package schemas

import "github.com/wirelog/wirelog/value"

// IPsec is a message of IKE, as Corelight's package zeek-spicy-ipsec logs it.
//
//wirelog:log ipsec
type IPsec struct {
	// Time of the message.
	TS value.Time `zeek:"ts"`
	// Unique identifier of the connection.
	UID string `zeek:"uid"`
	// The connection's endpoints.
	ID ID `zeek:"id"`
	// Whether the originator of the connection sent the message.
	IsOrig value.Opt[bool] `zeek:"is_orig"`
	// The initiator's security parameters index, in hexadecimal.
	InitiatorSPI value.Opt[string] `zeek:"initiator_spi"`
	// The responder's security parameters index, in hexadecimal.
	ResponderSPI value.Opt[string] `zeek:"responder_spi"`
	// Major version: 1 or 2.
	MajVer value.Opt[uint64] `zeek:"maj_ver"`
	// Minor version.
	MinVer value.Opt[uint64] `zeek:"min_ver"`
	// Number of the exchange, such as 2, identity protection, or 34, IKE_SA_INIT.
	ExchangeType value.Opt[uint64] `zeek:"exchange_type"`
	// The message is encrypted (version 1).
	FlagE value.Opt[bool] `zeek:"flag_e"`
	// Commit (version 1).
	FlagC value.Opt[bool] `zeek:"flag_c"`
	// Authentication only (version 1).
	FlagA value.Opt[bool] `zeek:"flag_a"`
	// The initiator sent the message (version 2).
	FlagI value.Opt[bool] `zeek:"flag_i"`
	// The sender knows a higher version (version 2).
	FlagV value.Opt[bool] `zeek:"flag_v"`
	// The message is a response (version 2).
	FlagR value.Opt[bool] `zeek:"flag_r"`
	// Identifier of the message.
	MessageID value.Opt[uint64] `zeek:"message_id"`
	// Names of the vendor IDs, or UNKNOWN: and their bytes in hexadecimal.
	VendorIDs value.Vector[string] `zeek:"vendor_ids"`
	// Names of the notifications.
	NotifyMessages value.Vector[string] `zeek:"notify_messages"`
	// Numbers of the transforms (version 1).
	Transforms value.Vector[string] `zeek:"transforms"`
	// Numbers of the groups of the key exchange (version 2).
	KEDHGroups value.Vector[uint64] `zeek:"ke_dh_groups"`
	// Numbers of the proposals.
	Proposals value.Vector[uint64] `zeek:"proposals"`
	// Protocol of the last proposal (version 1).
	ProtocolID value.Opt[uint64] `zeek:"protocol_id"`
	// MD5 sums of the certificates, in hexadecimal.
	Certificates value.Vector[string] `zeek:"certificates"`
	// Attributes of the transforms: numbers of proposal and transform, name and value.
	TransformAttributes value.Vector[string] `zeek:"transform_attributes"`
	// Length in bytes, with the header.
	Length value.Opt[uint64] `zeek:"length"`
	// MD5 sum of the columns vendor_ids to transform_attributes without protocol_id, which
	// recognizes implementations and their settings.
	Hash value.Opt[string] `zeek:"hash"`
	// Domain of interpretation (version 1).
	DOI value.Opt[uint64] `zeek:"doi"`
	// Situation (version 1): 4 bytes.
	Situation value.Opt[string] `zeek:"situation"`
	*Flow
}
