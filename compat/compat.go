// Package compat lists where wirelog knowingly does better than a release of Zeek, and
// lets a run do as that release does instead.
//
// Each Effect is one such place. A Set says in which of them a run follows Zeek: the zero
// Set in none, which is the default, that of Zeek82 in all but NoSpicy.
package compat

import (
	"fmt"
	"slices"
	"strings"
)

// An Effect is a place where wirelog differs from Zeek by default.
type Effect uint8

// The effects. The comment of each says what Zeek does, which is what a Set with the
// effect brings back.
const (
	NTLMFailedLogin Effect = iota
	ExtractedName
	LinkTypes
	TCPWindow
	TCPSimultaneousOpen
	LatePackets
	DNSPairingByID
	DNSReplyWithoutQuestion
	DNSLastQuestion
	FTPFilesOnly
	HTTPMethods
	HTTPMultipartLength
	HTTPInflateFailed
	SSHKexMethods
	DNP3LinkOnly
	DNP3FrozenAnalogTime
	SIPAllHeaders
	DetectionReplay
	LoginService
	LoginPrompts
	MountUmntAll
	NFSAttributes
	NFSEntries
	SyslogTCP
	UDPContentsPort
	PeerGaps
	BitTorrentTracker
	Gnutella
	SIPTCP
	NetBIOSSession
	IMAPReason
	PackageProtocols
	HTTP2
	FingerLines
	QUIC
	LDAP
	PostgreSQL
	Redis
	MQTT
	IGMP
	NoSpicy // only in the Set that is named after it
	effects
)

// table has the name and the description of each effect.
var table = [effects]Info{
	ExtractedName:           {"extracted_name", "names of extracted files have no extension, and files.log has the name alone, instead of the path with the extension of the media type"},
	NTLMFailedLogin:         {"ntlm_failed_login", "ntlm.log has no success for a login that SMB's status refuses, instead of F (zeek#3956)"},
	LinkTypes:               {"link_types", "packets of a link type that Zeek does not know are taken for IP packets, instead of being decoded or left out with exit status 1 (zeek#1995)"},
	TCPWindow:               {"tcp_window", "a TCP segment that its receiver would not accept changes the connection, instead of being counted only (zeek#3313)"},
	TCPSimultaneousOpen:     {"tcp_simultaneous_open", "the SYN with which the other side answers a SYN begins another connection, instead of opening the same one"},
	LatePackets:             {"late_packets", "a connection of packets older than the clock, by more than it may be silent, ends before the next packet, instead of when the clock moves on"},
	DNSPairingByID:          {"dns_pairing_by_id", "dns.log pairs queries and answers by identifier alone, also those to a multicast group, instead of by identifier and question (zeek#5389)"},
	DNSReplyWithoutQuestion: {"dns_reply_without_question", "dns.log has no qtype, qclass and, unless an answer has it, query for a reply without its request, instead of the reply's question (zeek#5701)"},
	FTPFilesOnly:            {"ftp_files_only", "ftp.log has rows for commands about files and data connections only, instead of also for logins (zeek#5570)"},
	HTTPMethods:             {"http_methods", "methods of HTTP beyond HTTP::http_methods, such as PATCH and QUERY, are a weird unknown_HTTP_method, and QUERY does not detect HTTP at other ports (zeek#5583)"},
	HTTPMultipartLength:     {"http_multipart_length", "a multipart body whose last line has no end counts two bytes that were not sent, and is a weird, instead of being as long as Content-Length says"},
	HTTPInflateFailed:       {"http_inflate_failed", "what a compressed HTTP body inflates to before an error is lost as far as it lies in the segment of the error, instead of being passed on"},
	SSHKexMethods:           {"ssh_kex_methods", "SSH's diffie-hellman-group15, 17 and 18 are unknown, and after an unknown key exchange encrypted bytes are read as messages"},
	DNP3LinkOnly:            {"dnp3_link_only", "a frame of DNP3 without user data, such as a request for the link's status, takes the segment after it with it, or the rest of its own, instead of only itself"},
	DNP3FrozenAnalogTime:    {"dnp3_frozen_analog_time", "DNP3's frozen analog input event of 16 bits with time (group 33 variation 4) is read with 32 bits, instead of 16"},
	SIPAllHeaders:           {"sip_all_headers", "the headers in sip_all_headers have the value as name and the name, in upper case, as original_name, instead of each in its place"},
	DetectionReplay:         {"detection_replay", "an analyzer that a signature finds gets everything from the beginning, and a violation takes it off after the packet, instead of at once, when the next one gets what follows"},
	LoginService:            {"login_service", "connections of Ident, Telnet, Rlogin and Rsh have no service in conn.log"},
	LoginPrompts:            {"login_prompts", "the lists of prompts and messages of logins are empty unless they are set, and an empty list matches every line"},
	MountUmntAll:            {"mount_umnt_all", "the procedure UMNTALL of MOUNT raises mount_proc_umnt, and is bad_RPC without arguments, instead of raising mount_proc_umnt_all"},
	NFSAttributes:           {"nfs_attributes", "NFS attributes to set have bits of a time for a size, and nothing after a time of the client is read; failed SETATTR and LINK have no attributes"},
	NFSEntries:              {"nfs_entries", "the entries of nfs_proc_readdir begin with one that is null, instead of the first of the directory"},
	SyslogTCP:               {"syslog_tcp", "no analyzer reads syslog over TCP, instead of one that --analyzers +syslog_tcp attaches"},
	UDPContentsPort:         {"udp_contents_port", "the ports of contents.udp_ports_resp are those to which servers send, instead of those of the servers"},
	PeerGaps:                {"peer_gaps", "after missing bytes, the messages of BitTorrent, Gnutella and NetBIOS go on as if nothing were missing, instead of ending there, unless the bytes are inside a message"},
	BitTorrentTracker:       {"bittorrent_tracker", "the peers of a BitTorrent tracker have the bytes of addresses and ports turned around, also those that are no compact list, integers have 32 bits, and a message has at most 2,047 bytes"},
	Gnutella:                {"gnutella", "the payloads of Gnutella's messages contain those before up to the first NUL, its connections have no service, and HTTP at its ports begins after the segment of the first request"},
	SIPTCP:                  {"sip_tcp", "no analyzer reads SIP over TCP, instead of one that --analyzers +sip_tcp attaches"},
	NetBIOSSession:          {"netbios_session", "NetBIOS session packets have lengths of 16 bits, instead of 17, messages of SMB 2 and 3 are raw ones, those of SMB 1 a weird, and the length of a datagram counts its header"},
	IMAPReason:              {"imap_reason", "the reason of an IMAP violation has the pattern and the rest of the segment, which depends on how lines are sent, instead of saying that a line has no tag and command"},
	PackageProtocols:        {"package_protocols", "no analyzer reads the protocols that packages add to Zeek: WireGuard, STUN, IKE, TFTP and OpenVPN"},
	HTTP2:                   {"http2", "no analyzer reads HTTP/2 in the clear, instead of http.log having a row for each of its streams"},
	FingerLines:             {"finger_lines", "a line of Finger that is longer than 1,024 bytes, or has a CR without LF, ends its analysis, and only the first line of a client is read, instead of lines being cut at 1,000 bytes"},
	QUIC:                    {"quic", "QUIC is found at UDP ports 443, 784 and 853 only, and a Version Negotiation or a reserved version ends its analysis, instead of at any port, by its first bytes, and going on with the next version"},
	LDAP:                    {"ldap", "LDAP's tokens of authentication are not passed on, requests to delete or abandon end the analysis, and filters, changes and names are written otherwise, instead of as the RFCs have them"},
	PostgreSQL:              {"postgresql", "PostgreSQL's requests for GSS-API encryption and to cancel, and users that are not ASCII, end the analysis, instead of being read"},
	Redis:                   {"redis", "Redis's empty lines and arrays, and a SET whose time to live is no number, end the analysis, instead of being passed over as servers do"},
	MQTT:                    {"mqtt", "MQTT is read as one control packet of version 3.1.1 a segment, instead of as the stream that it is, of version 5 too"},
	IGMP:                    {"igmp", "IGMP's queries of versions 1 and 2 have no event, and wrong checksums are a weird with --ignore-checksums too, instead of being read by their version"},
	NoSpicy:                 {"no_spicy", "a Zeek without the analyzers that are written in Spicy: no QUIC, LDAP, PostgreSQL and Redis, IGMP is an unknown transport, and Finger and Syslog are read by older analyzers, which give no service, that of Finger with a weird for each client that closed unless somebody listens to finger_request"},
	DNSLastQuestion:         {"dns_last_question", "dns.log has the last of several questions of a message, instead of a row for each (zeek#5037)"},
}

// Info describes an effect.
type Info struct {
	Name string // in documentation
	Doc  string // what Zeek does, and what wirelog does by default
}

// Effects describes all effects, in the order of their numbers.
func Effects() []Info { return append([]Info(nil), table[:]...) }

// A Set is a set of effects.
type Set uint64

// Has reports whether Zeek's behaviour is in effect at e.
func (s Set) Has(e Effect) bool { return s&(1<<e) != 0 }

// names of sets.
const (
	None   = "none"     // wirelog's own behaviour
	Zeek82 = "zeek-8.2" // that of Zeek 8.2

	// Zeek82NoSpicy is that of a Zeek 8.2 built with --disable-spicy.
	Zeek82NoSpicy = "zeek-8.2-nospicy"
)

// Parse returns the set of a text: the name of a set, and after it, separated by commas, the
// effects that are in it or not, as "zeek-8.2,-finger_lines" or "none,+igmp". The empty text is
// None.
func Parse(text string) (Set, error) {
	name, rest, more := strings.Cut(text, ",")
	var s Set
	switch name {
	case "", None:
	case Zeek82:
		s = (1<<effects - 1) &^ (1 << NoSpicy)
	case Zeek82NoSpicy:
		s = 1<<effects - 1
	default:
		return 0, fmt.Errorf("there is no compatibility %q: want %s, %s or %s", name, None, Zeek82, Zeek82NoSpicy)
	}
	for more {
		name, rest, more = strings.Cut(rest, ",")
		e := slices.IndexFunc(table[:], func(x Info) bool { return name != "" && x.Name == name[1:] })
		switch {
		case e < 0 || name[0] != '+' && name[0] != '-':
			return 0, fmt.Errorf("there is no compatibility %q: want + or - and a name of docs/differences.md, as -%s", name, table[0].Name)
		case name[0] == '+':
			s |= 1 << e
		default:
			s &^= 1 << e
		}
	}
	return s, nil
}
