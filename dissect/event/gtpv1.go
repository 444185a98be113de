package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// GTPv1Hdr is the header of a GTPv1 message (3GPP TS 29.060 section 6).
//
//wirelog:record gtpv1_hdr
type GTPv1Hdr struct {
	Version uint64 `zeek:"version"`  // 1
	PTFlag  bool   `zeek:"pt_flag"`  // protocol type: GTP, not GTP'
	Rsv     bool   `zeek:"rsv"`      // reserved bit
	EFlag   bool   `zeek:"e_flag"`   // NextType is meaningful
	SFlag   bool   `zeek:"s_flag"`   // Seq is meaningful
	PNFlag  bool   `zeek:"pn_flag"`  // NPDU is meaningful
	MsgType uint64 `zeek:"msg_type"` // 255 for user data
	Length  uint64 `zeek:"length"`   // bytes after the first 8
	TEID    uint64 `zeek:"teid"`     // tunnel endpoint identifier
	// Seq, NPDU and NextType are set when any of the three flags is.
	Seq      value.Opt[uint64] `zeek:"seq"`
	NPDU     value.Opt[uint64] `zeek:"n_pdu"`
	NextType value.Opt[uint64] `zeek:"next_type"`
}

// GTPRAI is a routing area identity (3GPP TS 29.060 section 7.7.3).
//
//wirelog:record gtp_rai
type GTPRAI struct {
	MCC uint64 `zeek:"mcc"` // mobile country code
	MNC uint64 `zeek:"mnc"` // mobile network code
	LAC uint64 `zeek:"lac"` // location area code
	RAC uint64 `zeek:"rac"` // routing area code
}

// GTPEndUserAddr is an end user address (3GPP TS 29.060 section 7.7.27).
//
//wirelog:record gtp_end_user_addr
type GTPEndUserAddr struct {
	PDPTypeOrg   uint64                `zeek:"pdp_type_org"`   // organization: 0 ETSI, 1 IETF
	PDPTypeNum   uint64                `zeek:"pdp_type_num"`   // type: 0x21 IPv4, 0x57 IPv6
	PDPIP        value.Opt[netip.Addr] `zeek:"pdp_ip"`         // address of an IP type, if there is one
	PDPOtherAddr value.Opt[[]byte]     `zeek:"pdp_other_addr"` // address of another type, valid inside the call
}

// GTPGSNAddr is the address of a GPRS support node (3GPP TS 29.060 section 7.7.32).
//
//wirelog:record gtp_gsn_addr
type GTPGSNAddr struct {
	IP    value.Opt[netip.Addr] `zeek:"ip"`    // when it is 4 or 16 bytes long
	Other value.Opt[[]byte]     `zeek:"other"` // any other length, valid inside the call
}

// GTPQoSProfile is a quality of service profile (3GPP TS 29.060 section 7.7.34).
//
//wirelog:record gtp_qos_profile
type GTPQoSProfile struct {
	Priority uint64 `zeek:"priority"` // allocation/retention priority
	Data     []byte `zeek:"data"`     // profile of TS 24.008, valid inside the call
}

// GTPPrivateExtension is a private extension (3GPP TS 29.060 section 7.7.46).
//
//wirelog:record gtp_private_extension
type GTPPrivateExtension struct {
	ID    uint64 `zeek:"id"`    // extension identifier
	Value []byte `zeek:"value"` // valid inside the call
}

// GTPCreatePDPCtxRequestElements are the information elements of a Create PDP
// Context Request (3GPP TS 29.060 section 7.3.1).
//
//wirelog:record gtp_create_pdp_ctx_request_elements
type GTPCreatePDPCtxRequestElements struct {
	IMSI            value.Opt[uint64]              `zeek:"imsi"` // digits as a decimal number
	RAI             value.Opt[GTPRAI]              `zeek:"rai"`
	Recovery        value.Opt[uint64]              `zeek:"recovery"`         // restart counter
	SelectMode      value.Opt[uint64]              `zeek:"select_mode"`      // selection mode
	Data1           uint64                         `zeek:"data1"`            // TEID data I
	CP              value.Opt[uint64]              `zeek:"cp"`               // TEID control plane
	NSAPI           uint64                         `zeek:"nsapi"`            // access point of the network layer service
	LinkedNSAPI     value.Opt[uint64]              `zeek:"linked_nsapi"`     // the same of the primary context
	ChargeCharacter value.Opt[uint64]              `zeek:"charge_character"` // charging characteristics
	TraceRef        value.Opt[uint64]              `zeek:"trace_ref"`        // trace reference
	TraceType       value.Opt[uint64]              `zeek:"trace_type"`       // trace type
	EndUserAddr     value.Opt[GTPEndUserAddr]      `zeek:"end_user_addr"`
	APName          value.Opt[[]byte]              `zeek:"ap_name"`     // access point name in wire form, valid inside the call
	Opts            value.Opt[[]byte]              `zeek:"opts"`        // protocol configuration options, valid inside the call
	SignalAddr      GTPGSNAddr                     `zeek:"signal_addr"` // SGSN address for signalling
	UserAddr        GTPGSNAddr                     `zeek:"user_addr"`   // SGSN address for user traffic
	MSISDN          value.Opt[[]byte]              `zeek:"msisdn"`      // in wire form, valid inside the call
	QoSProf         GTPQoSProfile                  `zeek:"qos_prof"`
	TFT             value.Opt[[]byte]              `zeek:"tft"`        // traffic flow template, valid inside the call
	TriggerID       value.Opt[[]byte]              `zeek:"trigger_id"` // valid inside the call
	OMCID           value.Opt[[]byte]              `zeek:"omc_id"`     // operation and maintenance centre, valid inside the call
	Ext             value.Opt[GTPPrivateExtension] `zeek:"ext"`
}

// GTPCreatePDPCtxResponseElements are the information elements of a Create PDP
// Context Response (3GPP TS 29.060 section 7.3.2).
//
//wirelog:record gtp_create_pdp_ctx_response_elements
type GTPCreatePDPCtxResponseElements struct {
	Cause         uint64                         `zeek:"cause"`       // TS 29.060 section 7.7.1
	ReorderReq    value.Opt[bool]                `zeek:"reorder_req"` // reordering required
	Recovery      value.Opt[uint64]              `zeek:"recovery"`    // restart counter
	Data1         value.Opt[uint64]              `zeek:"data1"`       // TEID data I
	CP            value.Opt[uint64]              `zeek:"cp"`          // TEID control plane
	ChargingID    value.Opt[uint64]              `zeek:"charging_id"`
	EndUserAddr   value.Opt[GTPEndUserAddr]      `zeek:"end_user_addr"`
	Opts          value.Opt[[]byte]              `zeek:"opts"`      // protocol configuration options, valid inside the call
	CPAddr        value.Opt[GTPGSNAddr]          `zeek:"cp_addr"`   // GGSN address for the control plane
	UserAddr      value.Opt[GTPGSNAddr]          `zeek:"user_addr"` // GGSN address for user traffic
	QoSProf       value.Opt[GTPQoSProfile]       `zeek:"qos_prof"`
	ChargeGateway value.Opt[netip.Addr]          `zeek:"charge_gateway"` // charging gateway address
	Ext           value.Opt[GTPPrivateExtension] `zeek:"ext"`
}

// GTPUpdatePDPCtxRequestElements are the information elements of an Update PDP
// Context Request (3GPP TS 29.060 section 7.3.3).
//
//wirelog:record gtp_update_pdp_ctx_request_elements
type GTPUpdatePDPCtxRequestElements struct {
	IMSI        value.Opt[uint64]              `zeek:"imsi"` // digits as a decimal number
	RAI         value.Opt[GTPRAI]              `zeek:"rai"`
	Recovery    value.Opt[uint64]              `zeek:"recovery"`   // restart counter
	Data1       uint64                         `zeek:"data1"`      // TEID data I
	CP          value.Opt[uint64]              `zeek:"cp"`         // TEID control plane
	NSAPI       uint64                         `zeek:"nsapi"`      // access point of the network layer service
	TraceRef    value.Opt[uint64]              `zeek:"trace_ref"`  // trace reference
	TraceType   value.Opt[uint64]              `zeek:"trace_type"` // trace type
	CPAddr      GTPGSNAddr                     `zeek:"cp_addr"`    // SGSN address for the control plane
	UserAddr    GTPGSNAddr                     `zeek:"user_addr"`  // SGSN address for user traffic
	QoSProf     GTPQoSProfile                  `zeek:"qos_prof"`
	TFT         value.Opt[[]byte]              `zeek:"tft"`        // traffic flow template, valid inside the call
	TriggerID   value.Opt[[]byte]              `zeek:"trigger_id"` // valid inside the call
	OMCID       value.Opt[[]byte]              `zeek:"omc_id"`     // operation and maintenance centre, valid inside the call
	Ext         value.Opt[GTPPrivateExtension] `zeek:"ext"`
	EndUserAddr value.Opt[GTPEndUserAddr]      `zeek:"end_user_addr"`
}

// GTPUpdatePDPCtxResponseElements are the information elements of an Update PDP
// Context Response (3GPP TS 29.060 section 7.3.4).
//
//wirelog:record gtp_update_pdp_ctx_response_elements
type GTPUpdatePDPCtxResponseElements struct {
	Cause         uint64                         `zeek:"cause"`    // TS 29.060 section 7.7.1
	Recovery      value.Opt[uint64]              `zeek:"recovery"` // restart counter
	Data1         value.Opt[uint64]              `zeek:"data1"`    // TEID data I
	CP            value.Opt[uint64]              `zeek:"cp"`       // TEID control plane
	ChargingID    value.Opt[uint64]              `zeek:"charging_id"`
	CPAddr        value.Opt[GTPGSNAddr]          `zeek:"cp_addr"`   // GGSN address for the control plane
	UserAddr      value.Opt[GTPGSNAddr]          `zeek:"user_addr"` // GGSN address for user traffic
	QoSProf       value.Opt[GTPQoSProfile]       `zeek:"qos_prof"`
	ChargeGateway value.Opt[netip.Addr]          `zeek:"charge_gateway"` // charging gateway address
	Ext           value.Opt[GTPPrivateExtension] `zeek:"ext"`
}

// GTPDeletePDPCtxRequestElements are the information elements of a Delete PDP
// Context Request (3GPP TS 29.060 section 7.3.5).
//
//wirelog:record gtp_delete_pdp_ctx_request_elements
type GTPDeletePDPCtxRequestElements struct {
	TeardownInd value.Opt[bool]                `zeek:"teardown_ind"` // all contexts of the address go
	NSAPI       uint64                         `zeek:"nsapi"`        // access point of the network layer service
	Ext         value.Opt[GTPPrivateExtension] `zeek:"ext"`
}

// GTPDeletePDPCtxResponseElements are the information elements of a Delete PDP
// Context Response (3GPP TS 29.060 section 7.3.6).
//
//wirelog:record gtp_delete_pdp_ctx_response_elements
type GTPDeletePDPCtxResponseElements struct {
	Cause uint64                         `zeek:"cause"` // TS 29.060 section 7.7.1
	Ext   value.Opt[GTPPrivateExtension] `zeek:"ext"`
}

// GTPv1Message is raised for every message with a GTPv1 header.
//
//wirelog:event gtpv1_message section=GTPv1
type GTPv1Message struct {
	Conn Conn     `zeek:"c"`
	Hdr  GTPv1Hdr `zeek:"hdr"`
}

// GTPv1GPDUPacket is raised for every G-PDU, a GTPv1 message that carries an IP
// packet of a user (3GPP TS 29.060 section 9.3.1).
//
//wirelog:event gtpv1_g_pdu_packet section=GTPv1
type GTPv1GPDUPacket struct {
	Conn     Conn     `zeek:"outer"` // the UDP flow that is the tunnel
	InnerGTP GTPv1Hdr `zeek:"inner_gtp"`
	InnerIP  PktHdr   `zeek:"inner_ip"` // headers of the user's packet
}

// GTPv1CreatePDPCtxRequest is raised for every Create PDP Context Request.
//
//wirelog:event gtpv1_create_pdp_ctx_request section=GTPv1
type GTPv1CreatePDPCtxRequest struct {
	Conn     Conn                           `zeek:"c"`
	Hdr      GTPv1Hdr                       `zeek:"hdr"`
	Elements GTPCreatePDPCtxRequestElements `zeek:"elements"`
}

// GTPv1CreatePDPCtxResponse is raised for every Create PDP Context Response.
//
//wirelog:event gtpv1_create_pdp_ctx_response section=GTPv1
type GTPv1CreatePDPCtxResponse struct {
	Conn     Conn                            `zeek:"c"`
	Hdr      GTPv1Hdr                        `zeek:"hdr"`
	Elements GTPCreatePDPCtxResponseElements `zeek:"elements"`
}

// GTPv1UpdatePDPCtxRequest is raised for every Update PDP Context Request.
//
//wirelog:event gtpv1_update_pdp_ctx_request section=GTPv1
type GTPv1UpdatePDPCtxRequest struct {
	Conn     Conn                           `zeek:"c"`
	Hdr      GTPv1Hdr                       `zeek:"hdr"`
	Elements GTPUpdatePDPCtxRequestElements `zeek:"elements"`
}

// GTPv1UpdatePDPCtxResponse is raised for every Update PDP Context Response.
//
//wirelog:event gtpv1_update_pdp_ctx_response section=GTPv1
type GTPv1UpdatePDPCtxResponse struct {
	Conn     Conn                            `zeek:"c"`
	Hdr      GTPv1Hdr                        `zeek:"hdr"`
	Elements GTPUpdatePDPCtxResponseElements `zeek:"elements"`
}

// GTPv1DeletePDPCtxRequest is raised for every Delete PDP Context Request.
//
//wirelog:event gtpv1_delete_pdp_ctx_request section=GTPv1
type GTPv1DeletePDPCtxRequest struct {
	Conn     Conn                           `zeek:"c"`
	Hdr      GTPv1Hdr                       `zeek:"hdr"`
	Elements GTPDeletePDPCtxRequestElements `zeek:"elements"`
}

// GTPv1DeletePDPCtxResponse is raised for every Delete PDP Context Response.
//
//wirelog:event gtpv1_delete_pdp_ctx_response section=GTPv1
type GTPv1DeletePDPCtxResponse struct {
	Conn     Conn                            `zeek:"c"`
	Hdr      GTPv1Hdr                        `zeek:"hdr"`
	Elements GTPDeletePDPCtxResponseElements `zeek:"elements"`
}
