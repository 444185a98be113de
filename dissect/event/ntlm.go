package event

import "github.com/wirelog/wirelog/value"

// NTLMVersion is the version of the operating system in a message, for debugging
// (MS-NLMP section 2.2.2.10).
//
//wirelog:record NTLM::Version
type NTLMVersion struct {
	Major   uint64 `zeek:"major"`
	Minor   uint64 `zeek:"minor"`
	Build   uint64 `zeek:"build"`
	NTLMSSP uint64 `zeek:"ntlmssp"` // revision of the protocol, 15
}

// NTLMNegotiateFlags are the features that a side asks for or grants (MS-NLMP
// section 2.2.2.5).
//
//wirelog:record NTLM::NegotiateFlags
type NTLMNegotiateFlags struct {
	Negotiate56                      bool `zeek:"negotiate_56"`                       // 56-bit encryption
	NegotiateKeyExch                 bool `zeek:"negotiate_key_exch"`                 // explicit key exchange
	Negotiate128                     bool `zeek:"negotiate_128"`                      // 128-bit session keys
	NegotiateVersion                 bool `zeek:"negotiate_version"`                  // the message has a version
	NegotiateTargetInfo              bool `zeek:"negotiate_target_info"`              // the challenge describes its target
	RequestNonNTSessionKey           bool `zeek:"request_non_nt_session_key"`         // session key from the LM hash
	NegotiateIdentify                bool `zeek:"negotiate_identify"`                 // a token of level identify
	NegotiateExtendedSessionsecurity bool `zeek:"negotiate_extended_sessionsecurity"` // NTLM version 2 session security
	TargetTypeServer                 bool `zeek:"target_type_server"`                 // the target is a server
	TargetTypeDomain                 bool `zeek:"target_type_domain"`                 // the target is a domain
	NegotiateAlwaysSign              bool `zeek:"negotiate_always_sign"`              // a signature block on every message
	NegotiateOEMWorkstationSupplied  bool `zeek:"negotiate_oem_workstation_supplied"` // the message has the workstation's name
	NegotiateOEMDomainSupplied       bool `zeek:"negotiate_oem_domain_supplied"`      // the message has the domain's name
	NegotiateAnonymousConnection     bool `zeek:"negotiate_anonymous_connection"`     // anonymous
	NegotiateNTLM                    bool `zeek:"negotiate_ntlm"`                     // NTLM version 1 session security
	NegotiateLMKey                   bool `zeek:"negotiate_lm_key"`                   // session keys of LAN Manager
	NegotiateDatagram                bool `zeek:"negotiate_datagram"`                 // authentication without a connection
	NegotiateSeal                    bool `zeek:"negotiate_seal"`                     // messages must be encrypted
	NegotiateSign                    bool `zeek:"negotiate_sign"`                     // messages must be signed
	RequestTarget                    bool `zeek:"request_target"`                     // the challenge names its target
	NegotiateOEM                     bool `zeek:"negotiate_oem"`                      // strings in the OEM character set
	NegotiateUnicode                 bool `zeek:"negotiate_unicode"`                  // strings in UTF-16
}

// NTLMAVs are the pairs in which a server describes itself (MS-NLMP section 2.2.2.1). Names
// are valid inside the call.
//
//wirelog:record NTLM::AVs
type NTLMAVs struct {
	NBComputerName  value.Opt[[]byte]  `zeek:"nb_computer_name"`      // NetBIOS name of the server
	NBDomainName    value.Opt[[]byte]  `zeek:"nb_domain_name"`        // NetBIOS name of its domain
	DNSComputerName value.Opt[[]byte]  `zeek:"dns_computer_name"`     // DNS name of the server
	DNSDomainName   value.Opt[[]byte]  `zeek:"dns_domain_name"`       // DNS name of its domain
	DNSTreeName     value.Opt[[]byte]  `zeek:"dns_tree_name"`         // DNS name of the forest
	ConstrainedAuth value.Opt[bool]    `zeek:"constrained_auth"`      // authentication is constrained
	Timestamp       value.Opt[float64] `zeek:"timestamp" type:"time"` // the server's time, in seconds since the Unix epoch
	SingleHostID    value.Opt[uint64]  `zeek:"single_host_id"`        // first part of the machine's ID
	TargetName      value.Opt[[]byte]  `zeek:"target_name"`           // service principal name of the target
}

// NTLMNegotiateMessage is what a client offers (MS-NLMP section 2.2.1.1). Names are valid
// inside the call.
//
//wirelog:record NTLM::Negotiate
type NTLMNegotiateMessage struct {
	Flags       NTLMNegotiateFlags     `zeek:"flags"`
	DomainName  value.Opt[[]byte]      `zeek:"domain_name"`
	Workstation value.Opt[[]byte]      `zeek:"workstation"`
	Version     value.Opt[NTLMVersion] `zeek:"version"`
}

// NTLMChallengeMessage is a server's answer (MS-NLMP section 2.2.1.2). Names are valid
// inside the call.
//
//wirelog:record NTLM::Challenge
type NTLMChallengeMessage struct {
	Flags      NTLMNegotiateFlags     `zeek:"flags"`
	Challenge  uint64                 `zeek:"challenge"`   // the server's challenge, read as a little-endian number
	TargetName value.Opt[[]byte]      `zeek:"target_name"` // the server or its domain, according to the flags
	Version    value.Opt[NTLMVersion] `zeek:"version"`
	TargetInfo value.Opt[NTLMAVs]     `zeek:"target_info"`
}

// NTLMAuthenticateMessage proves that a client knows the password (MS-NLMP section
// 2.2.1.3). Names and bytes are valid inside the call.
//
//wirelog:record NTLM::Authenticate
type NTLMAuthenticateMessage struct {
	Flags       NTLMNegotiateFlags     `zeek:"flags"`
	DomainName  value.Opt[[]byte]      `zeek:"domain_name"` // domain or computer that has the account
	UserName    value.Opt[[]byte]      `zeek:"user_name"`
	Workstation value.Opt[[]byte]      `zeek:"workstation"`
	SessionKey  value.Opt[[]byte]      `zeek:"session_key"` // the session key, encrypted
	Version     value.Opt[NTLMVersion] `zeek:"version"`
	Response    value.Opt[[]byte]      `zeek:"response"` // the answer to the challenge
}

// NTLMNegotiate is raised for an NTLM NEGOTIATE message, with which a client begins
// (MS-NLMP section 2.2.1.1).
//
//wirelog:event ntlm_negotiate section=NTLM
type NTLMNegotiate struct {
	Conn      Conn                 `zeek:"c"`
	Negotiate NTLMNegotiateMessage `zeek:"negotiate"`
}

// NTLMChallenge is raised for an NTLM CHALLENGE message, a server's answer with its names
// and flags (MS-NLMP section 2.2.1.2).
//
//wirelog:event ntlm_challenge section=NTLM
type NTLMChallenge struct {
	Conn      Conn                 `zeek:"c"`
	Challenge NTLMChallengeMessage `zeek:"challenge"`
}

// NTLMAuthenticate is raised for an NTLM AUTHENTICATE message: user, domain and
// workstation of a client (MS-NLMP section 2.2.1.3).
//
//wirelog:event ntlm_authenticate section=NTLM
type NTLMAuthenticate struct {
	Conn    Conn                    `zeek:"c"`
	Request NTLMAuthenticateMessage `zeek:"request"`
}
