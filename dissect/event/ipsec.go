package event

import "github.com/wirelog/wirelog/value"

// The events of IKE are those of Corelight's package zeek-spicy-ipsec. The payloads of a
// message are raised in its order, before IPSECIKEMessage. message_id is the message's in all
// of them, and all byte slices are valid inside the call.

// IKEMsg is the header of an IKE message (RFC 2408 section 3.1, RFC 7296 section 3.1).
//
//wirelog:record IPSEC::IKEMsg
type IKEMsg struct {
	InitiatorSPI []byte `zeek:"initiator_spi"` // 8 bytes, as ResponderSPI
	ResponderSPI []byte `zeek:"responder_spi"`
	NextPayload  uint64 `zeek:"next_payload"`
	MajVer       uint64 `zeek:"maj_ver"`
	MinVer       uint64 `zeek:"min_ver"`
	ExchangeType uint64 `zeek:"exchange_type"`
	FlagE        bool   `zeek:"flag_e"` // encrypted (version 1), as C, commit, and A, authentication only
	FlagC        bool   `zeek:"flag_c"`
	FlagA        bool   `zeek:"flag_a"`
	FlagI        bool   `zeek:"flag_i"` // from the initiator (version 2), as V, higher version, and R, response
	FlagV        bool   `zeek:"flag_v"`
	FlagR        bool   `zeek:"flag_r"`
	MessageID    uint64 `zeek:"message_id"`
	Length       uint64 `zeek:"length"` // bytes, with the header
}

// ESPMsg is a packet of ESP inside UDP (RFC 3948 section 2.1).
//
//wirelog:record IPSEC::ESPMsg
type ESPMsg struct {
	SPI        uint64 `zeek:"spi"`
	Seq        uint64 `zeek:"seq"`
	PayloadLen uint64 `zeek:"payload_len"` // bytes after the sequence number
}

// IKESAProposal is a proposal (RFC 7296 section 3.3.1).
//
//wirelog:record IPSEC::IKE_SA_Proposal_Msg
type IKESAProposal struct {
	MessageID     uint64 `zeek:"message_id"`
	LastOrMore    []byte `zeek:"last_or_more"` // a byte: 2 if more follow
	ProposalLen   uint64 `zeek:"proposal_len"`
	ProposalNum   uint64 `zeek:"proposal_num"`
	ProtocolID    uint64 `zeek:"protocol_id"`
	SPISize       uint64 `zeek:"spi_size"`
	NumTransforms uint64 `zeek:"num_transforms"`
	SPI           []byte `zeek:"spi"`
}

// IKESATransform is a transform (RFC 7296 section 3.3.2).
//
//wirelog:record IPSEC::IKE_SA_Transform_Msg
type IKESATransform struct {
	MessageID     uint64 `zeek:"message_id"`
	ProposalNum   uint64 `zeek:"proposal_num"`
	LastOrMore    []byte `zeek:"last_or_more"` // a byte: 3 if more follow
	TransformLen  uint64 `zeek:"transform_len"`
	TransformType uint64 `zeek:"transform_type"`
	TransformID   uint64 `zeek:"transform_id"`
}

// IKEAttribute is an attribute of a transform (RFC 7296 section 3.3.5).
//
//wirelog:record IPSEC::IKE_SA_Transform_Attribute_Msg
type IKEAttribute struct {
	MessageID     uint64 `zeek:"message_id"`
	ProposalNum   uint64 `zeek:"proposal_num"` // that of the proposal it belongs to
	TransformID   uint64 `zeek:"transform_id"`
	AF            bool   `zeek:"AF"` // the value has two bytes and no length
	AttributeType uint64 `zeek:"attribute_type"`
	AttributeVal  []byte `zeek:"attribute_val"`
}

// IKEKeyExchange is a payload of key exchange (RFC 7296 section 3.4).
//
//wirelog:record IPSEC::IKE_KE_Msg
type IKEKeyExchange struct {
	MessageID       uint64 `zeek:"message_id"`
	DHGroup         uint64 `zeek:"dh_group"`
	KeyExchangeData []byte `zeek:"key_exchange_data"`
}

// IKEv1KeyExchange is a payload of key exchange of version 1 (RFC 2408 section 3.7).
//
//wirelog:record IPSEC::IKEv1_KE_Msg
type IKEv1KeyExchange struct {
	MessageID       uint64 `zeek:"message_id"`
	KeyExchangeData []byte `zeek:"key_exchange_data"`
}

// IKEv1ID is an identification of version 1 (RFC 2408 section 3.8).
//
//wirelog:record IPSEC::IKEv1_ID_Msg
type IKEv1ID struct {
	MessageID             uint64 `zeek:"message_id"`
	IdentificationDataLen uint64 `zeek:"identification_data_len"` // bytes
}

// IKECert is a certificate (RFC 7296 section 3.6).
//
//wirelog:record IPSEC::IKE_CERT_Msg
type IKECert struct {
	MessageID    uint64 `zeek:"message_id"`
	CertEncoding uint64 `zeek:"cert_encoding"`
	CertData     []byte `zeek:"cert_data"`
}

// IKECertReq is a request for certificates (RFC 7296 section 3.7).
//
//wirelog:record IPSEC::IKE_CERTREQ_Msg
type IKECertReq struct {
	MessageID     uint64 `zeek:"message_id"`
	CertEncoding  uint64 `zeek:"cert_encoding"`
	CertAuthority []byte `zeek:"cert_authority"`
}

// IKENonce is a nonce (RFC 7296 section 3.9).
//
//wirelog:record IPSEC::IKE_NONCE_Msg
type IKENonce struct {
	MessageID    uint64 `zeek:"message_id"`
	NonceDataLen uint64 `zeek:"nonce_data_len"` // bytes
}

// IKENotify is a notification (RFC 7296 section 3.10).
//
//wirelog:record IPSEC::IKE_NOTIFY_Msg
type IKENotify struct {
	MessageID        uint64 `zeek:"message_id"`
	ProtocolID       uint64 `zeek:"protocol_id"`
	SPISize          uint64 `zeek:"spi_size"`
	NotifyMsgType    uint64 `zeek:"notify_msg_type"`
	SPI              []byte `zeek:"spi"`
	NotificationData []byte `zeek:"notification_data"`
}

// IKEDelete is a deletion of associations (RFC 7296 section 3.11).
//
//wirelog:record IPSEC::IKE_DELETE_Msg
type IKEDelete struct {
	MessageID  uint64            `zeek:"message_id"`
	ProtocolID uint64            `zeek:"protocol_id"`
	SPISize    uint64            `zeek:"spi_size"`
	NumSPI     uint64            `zeek:"num_spi"` // as sent
	SPIs       value.Set[[]byte] `zeek:"spis"`
}

// IKEVendorID is a vendor ID (RFC 7296 section 3.12).
//
//wirelog:record IPSEC::IKE_VENDORID_Msg
type IKEVendorID struct {
	MessageID uint64 `zeek:"message_id"`
	VendorID  []byte `zeek:"vendor_id"`
}

// IKEEncrypted is an encrypted payload (RFC 7296 section 3.14).
//
//wirelog:record IPSEC::IKE_ENCRYPTED_Msg
type IKEEncrypted struct {
	MessageID  uint64 `zeek:"message_id"`
	PayloadLen uint64 `zeek:"payload_len"` // bytes
}

// IKEv1SA is a security association of version 1 (RFC 2408 section 3.4).
//
//wirelog:record IPSEC::IKEv1_SA_Msg
type IKEv1SA struct {
	MessageID uint64 `zeek:"message_id"`
	DOI       uint64 `zeek:"doi"`
	Situation []byte `zeek:"situation"` // 4 bytes
}

// IKEv1Hash is a hash of version 1 (RFC 2408 section 3.11).
//
//wirelog:record IPSEC::IKEv1_HASH_Msg
type IKEv1Hash struct {
	MessageID   uint64 `zeek:"message_id"`
	HashDataLen uint64 `zeek:"hash_data_len"` // bytes
}

// IKEv1Proposal is a proposal of version 1 (RFC 2408 section 3.5).
//
//wirelog:record IPSEC::IKEv1_P_Msg
type IKEv1Proposal struct {
	MessageID     uint64 `zeek:"message_id"`
	ProposalNum   uint64 `zeek:"proposal_num"`
	ProtocolID    uint64 `zeek:"protocol_id"`
	SPISize       uint64 `zeek:"spi_size"`
	NumTransforms uint64 `zeek:"num_transforms"`
	SPI           []byte `zeek:"spi"`
}

// IKEv1Transform is a transform of version 1 (RFC 2408 section 3.6).
//
//wirelog:record IPSEC::IKEv1_T_Msg
type IKEv1Transform struct {
	MessageID    uint64 `zeek:"message_id"`
	ProposalNum  uint64 `zeek:"proposal_num"`
	TransformNum uint64 `zeek:"transform_num"`
	TransformID  uint64 `zeek:"transform_id"`
}

// IKEv1Signature is a signature of version 1 (RFC 2408 section 3.12).
//
//wirelog:record IPSEC::IKEv1_SIG_Msg
type IKEv1Signature struct {
	MessageID  uint64 `zeek:"message_id"`
	SigDataLen uint64 `zeek:"sig_data_len"` // bytes
}

// IPSECIKEMessage is raised for every message of IKE over UDP or TCP, after the events of its payloads.
//
//wirelog:event IPSEC::ike_message section=IPSEC own
type IPSECIKEMessage struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Msg    IKEMsg `zeek:"msg"`
}

// IPSECESPMessage is raised for every packet of ESP inside UDP or TCP.
//
//wirelog:event IPSEC::esp_message section=IPSEC own
type IPSECESPMessage struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Msg    ESPMsg `zeek:"msg"`
}

// IPSECIKEv2SAProposal is raised for every proposal of a security association of IKEv2, after those of its transforms.
//
//wirelog:event IPSEC::ikev2_sa_proposal section=IPSEC own
type IPSECIKEv2SAProposal struct {
	Conn   Conn          `zeek:"c"`
	IsOrig bool          `zeek:"is_orig"`
	Msg    IKESAProposal `zeek:"msg"`
}

// IPSECIKEv2SATransform is raised for every transform of a proposal of IKEv2, after those of its attributes.
//
//wirelog:event IPSEC::ikev2_sa_transform section=IPSEC own
type IPSECIKEv2SATransform struct {
	Conn   Conn           `zeek:"c"`
	IsOrig bool           `zeek:"is_orig"`
	Msg    IKESATransform `zeek:"msg"`
}

// IPSECIKEDataAttribute is raised for every attribute of a transform of IKE.
//
//wirelog:event IPSEC::ike_data_attribute section=IPSEC own
type IPSECIKEDataAttribute struct {
	Conn   Conn         `zeek:"c"`
	IsOrig bool         `zeek:"is_orig"`
	Msg    IKEAttribute `zeek:"msg"`
}

// IPSECIKEv2KEPayload is raised for the key exchange of IKEv2.
//
//wirelog:event IPSEC::ikev2_ke_payload section=IPSEC own
type IPSECIKEv2KEPayload struct {
	Conn   Conn           `zeek:"c"`
	IsOrig bool           `zeek:"is_orig"`
	Msg    IKEKeyExchange `zeek:"msg"`
}

// IPSECIKEv2CertPayload is raised for every certificate of IKEv2 that is not encrypted.
//
//wirelog:event IPSEC::ikev2_cert_payload section=IPSEC own
type IPSECIKEv2CertPayload struct {
	Conn   Conn    `zeek:"c"`
	IsOrig bool    `zeek:"is_orig"`
	Msg    IKECert `zeek:"msg"`
}

// IPSECIKEv2CertReqPayload is raised for every request for certificates of IKEv2.
//
//wirelog:event IPSEC::ikev2_certreq_payload section=IPSEC own
type IPSECIKEv2CertReqPayload struct {
	Conn   Conn       `zeek:"c"`
	IsOrig bool       `zeek:"is_orig"`
	Msg    IKECertReq `zeek:"msg"`
}

// IPSECIKEv2NoncePayload is raised for every nonce of IKEv2.
//
//wirelog:event IPSEC::ikev2_nonce_payload section=IPSEC own
type IPSECIKEv2NoncePayload struct {
	Conn   Conn     `zeek:"c"`
	IsOrig bool     `zeek:"is_orig"`
	Msg    IKENonce `zeek:"msg"`
}

// IPSECIKEv2NotifyPayload is raised for every notification of IKEv2.
//
//wirelog:event IPSEC::ikev2_notify_payload section=IPSEC own
type IPSECIKEv2NotifyPayload struct {
	Conn   Conn      `zeek:"c"`
	IsOrig bool      `zeek:"is_orig"`
	Msg    IKENotify `zeek:"msg"`
}

// IPSECIKEv2DeletePayload is raised for every deletion of IKEv2 that is not encrypted.
//
//wirelog:event IPSEC::ikev2_delete_payload section=IPSEC own
type IPSECIKEv2DeletePayload struct {
	Conn   Conn      `zeek:"c"`
	IsOrig bool      `zeek:"is_orig"`
	Msg    IKEDelete `zeek:"msg"`
}

// IPSECIKEv2VendorIDPayload is raised for every vendor ID of IKEv2.
//
//wirelog:event IPSEC::ikev2_vendorid_payload section=IPSEC own
type IPSECIKEv2VendorIDPayload struct {
	Conn   Conn        `zeek:"c"`
	IsOrig bool        `zeek:"is_orig"`
	Msg    IKEVendorID `zeek:"msg"`
}

// IPSECIKEv2EncryptedPayload is raised for the encrypted payload of a message of IKEv2.
//
//wirelog:event IPSEC::ikev2_encrypted_payload section=IPSEC own
type IPSECIKEv2EncryptedPayload struct {
	Conn   Conn         `zeek:"c"`
	IsOrig bool         `zeek:"is_orig"`
	Msg    IKEEncrypted `zeek:"msg"`
}

// IPSECIKEv1SAPayload is raised for every security association of IKEv1, after those of its proposals.
//
//wirelog:event IPSEC::ikev1_sa_payload section=IPSEC own
type IPSECIKEv1SAPayload struct {
	Conn   Conn    `zeek:"c"`
	IsOrig bool    `zeek:"is_orig"`
	Msg    IKEv1SA `zeek:"msg"`
}

// IPSECIKEv1PPayload is raised for every proposal of IKEv1, before those of its transforms.
//
//wirelog:event IPSEC::ikev1_p_payload section=IPSEC own
type IPSECIKEv1PPayload struct {
	Conn   Conn          `zeek:"c"`
	IsOrig bool          `zeek:"is_orig"`
	Msg    IKEv1Proposal `zeek:"msg"`
}

// IPSECIKEv1TPayload is raised for every transform of IKEv1, after those of its attributes.
//
//wirelog:event IPSEC::ikev1_t_payload section=IPSEC own
type IPSECIKEv1TPayload struct {
	Conn   Conn           `zeek:"c"`
	IsOrig bool           `zeek:"is_orig"`
	Msg    IKEv1Transform `zeek:"msg"`
}

// IPSECIKEv1KEPayload is raised for the key exchange of IKEv1.
//
//wirelog:event IPSEC::ikev1_ke_payload section=IPSEC own
type IPSECIKEv1KEPayload struct {
	Conn   Conn             `zeek:"c"`
	IsOrig bool             `zeek:"is_orig"`
	Msg    IKEv1KeyExchange `zeek:"msg"`
}

// IPSECIKEv1IDPayload is raised for every identification of IKEv1.
//
//wirelog:event IPSEC::ikev1_id_payload section=IPSEC own
type IPSECIKEv1IDPayload struct {
	Conn   Conn    `zeek:"c"`
	IsOrig bool    `zeek:"is_orig"`
	Msg    IKEv1ID `zeek:"msg"`
}

// IPSECIKEv1CertPayload is raised for every certificate of IKEv1.
//
//wirelog:event IPSEC::ikev1_cert_payload section=IPSEC own
type IPSECIKEv1CertPayload struct {
	Conn   Conn    `zeek:"c"`
	IsOrig bool    `zeek:"is_orig"`
	Msg    IKECert `zeek:"msg"`
}

// IPSECIKEv1CertReqPayload is raised for every request for certificates of IKEv1.
//
//wirelog:event IPSEC::ikev1_certreq_payload section=IPSEC own
type IPSECIKEv1CertReqPayload struct {
	Conn   Conn       `zeek:"c"`
	IsOrig bool       `zeek:"is_orig"`
	Msg    IKECertReq `zeek:"msg"`
}

// IPSECIKEv1HashPayload is raised for every hash of IKEv1.
//
//wirelog:event IPSEC::ikev1_hash_payload section=IPSEC own
type IPSECIKEv1HashPayload struct {
	Conn   Conn      `zeek:"c"`
	IsOrig bool      `zeek:"is_orig"`
	Msg    IKEv1Hash `zeek:"msg"`
}

// IPSECIKEv1SigPayload is raised for every signature of IKEv1.
//
//wirelog:event IPSEC::ikev1_sig_payload section=IPSEC own
type IPSECIKEv1SigPayload struct {
	Conn   Conn           `zeek:"c"`
	IsOrig bool           `zeek:"is_orig"`
	Msg    IKEv1Signature `zeek:"msg"`
}

// IPSECIKEv1NoncePayload is raised for every nonce of IKEv1.
//
//wirelog:event IPSEC::ikev1_nonce_payload section=IPSEC own
type IPSECIKEv1NoncePayload struct {
	Conn   Conn     `zeek:"c"`
	IsOrig bool     `zeek:"is_orig"`
	Msg    IKENonce `zeek:"msg"`
}

// IPSECIKEv1NotifyPayload is raised for every notification of IKEv1.
//
//wirelog:event IPSEC::ikev1_notify_payload section=IPSEC own
type IPSECIKEv1NotifyPayload struct {
	Conn   Conn      `zeek:"c"`
	IsOrig bool      `zeek:"is_orig"`
	Msg    IKENotify `zeek:"msg"`
}

// IPSECIKEv1DeletePayload is raised for every deletion of IKEv1.
//
//wirelog:event IPSEC::ikev1_delete_payload section=IPSEC own
type IPSECIKEv1DeletePayload struct {
	Conn   Conn      `zeek:"c"`
	IsOrig bool      `zeek:"is_orig"`
	Msg    IKEDelete `zeek:"msg"`
}

// IPSECIKEv1VIDPayload is raised for every vendor ID of IKEv1.
//
//wirelog:event IPSEC::ikev1_vid_payload section=IPSEC own
type IPSECIKEv1VIDPayload struct {
	Conn   Conn        `zeek:"c"`
	IsOrig bool        `zeek:"is_orig"`
	Msg    IKEVendorID `zeek:"msg"`
}
