package schemas

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/internal/choose"
)

// protocolLogs has the logs of protocols that are not named after the protocol. A nil list
// is a protocol without a log, an empty one an analyzer without a service either.
var protocolLogs = map[string][]string{
	"dcerpc": {"dce_rpc"}, "dtls": {"ssl"}, "krb": {"kerberos"}, "krb_tcp": {"kerberos"}, "tls": {"ssl"},
	"http2": {"http"}, "ldap_tcp": {"ldap", "ldap_search"}, "ldap_udp": {"ldap", "ldap_search"}, "rdpeudp": {"conn"}, "icmp": {"conn"}, "tcp": {"conn"}, "udp": {"conn"},
	"dnp3_tcp": {"dnp3"}, "dnp3_udp": {"dnp3"}, "sip_tcp": {"sip"}, "syslog_tcp": {"syslog"},
	"spicy_tftp": {"tftp"}, "spicy_tftp_data": {"tftp"},
	"finger": nil, "ident": nil, "rlogin": nil, "rsh": nil, "telnet": nil,
	"bittorrent": nil, "bittorrenttracker": nil, "gnutella": nil, "mount": nil, "ncp": nil, "nfs": nil, "portmapper": nil,
	"gssapi": nil, "imap": nil, "pop3": nil, "xmpp": nil,
	"spicy_ipsec_ike_udp": {"ipsec"}, "spicy_ipsec_udp": {"ipsec"}, "spicy_ipsec_tcp": {"ipsec"}, "spicy_tailscale": {"wireguard"}, "spicy_wireguard": {"wireguard"},
	"spicy_stun": {"stun", "stun_nat"}, "spicy_stun_tcp": {"stun", "stun_nat"},
	"spicy_openvpn_udp": {"conn"}, "spicy_openvpn_udp_hmac_md5": {"conn"}, "spicy_openvpn_udp_hmac_sha1": {"conn"},
	"spicy_openvpn_udp_hmac_sha256": {"conn"}, "spicy_openvpn_udp_hmac_sha512": {"conn"},
	"spicy_openvpn_tcp": {"conn"}, "spicy_openvpn_tcp_hmac_md5": {"conn"}, "spicy_openvpn_tcp_hmac_sha1": {"conn"},
	"spicy_openvpn_tcp_hmac_sha256": {"conn"}, "spicy_openvpn_tcp_hmac_sha512": {"conn"},
	"backdoor": {}, "interconn": {}, "netbiosssn": {}, "steppingstone": {},
}

// ofProtocol returns the names of the logs of a protocol: those that begin with its name and
// an underscore and are not optional, or those that protocolLogs has. The error says that
// there are none.
func (s Set) ofProtocol(name string) (names []string, err error) {
	for _, l := range s.list {
		if strings.HasPrefix(l.Name, name+"_") && !l.Optional {
			names = append(names, l.Name)
		}
	}
	if names != nil {
		return names, nil
	}
	names, known := protocolLogs[name]
	switch {
	case !known || len(names) > 0:
	case names != nil:
		return nil, fmt.Errorf("%s has no log of its own, only events", name)
	default:
		return nil, fmt.Errorf("%s has no log of its own: its connections are in conn, with service %s", name, name)
	}
	return names, nil
}

// protocols returns names that stand for logs, for suggestions.
func (s Set) protocols() []string {
	names := slices.Sorted(maps.Keys(protocolLogs))
	for _, l := range s.list {
		if name, _, ok := strings.Cut(l.Name, "_"); ok && len(s.Named(name)) > 0 {
			names = append(names, name)
		}
	}
	return names
}

// Named returns the logs that name stands for: the log of that name, or those of the protocol.
// It is empty if there are none.
func (s Set) Named(name string) []*Schema {
	if l := s.Lookup(name); l != nil {
		return []*Schema{l}
	}
	names, _ := s.ofProtocol(name)
	return slices.DeleteFunc(s.lookup(names), func(l *Schema) bool { return l == nil })
}

// Default returns the logs that are not optional.
func (s Set) Default() []*Schema {
	return slices.DeleteFunc(slices.Clone(s.list), func(l *Schema) bool { return l.Optional })
}

// Pick returns the logs that list chooses, as package choose has it. A protocol's name stands
// for its logs, without optional ones. def are the default ones. Unless within is nil,
// only logs in it are chosen without being named themselves.
func (s Set) Pick(list []string, def, within []*Schema) ([]*Schema, error) {
	n := choose.Names{What: "log", All: namesOf(s.list), Default: namesOf(def), Several: s.ofProtocol, Groups: s.protocols()}
	if within != nil {
		n.Wide = namesOf(within)
	}
	names, err := n.Pick(list)
	if err != nil {
		return nil, err
	}
	return s.lookup(names), nil
}

func (s Set) lookup(names []string) []*Schema {
	list := make([]*Schema, len(names))
	for i, name := range names {
		list[i] = s.Lookup(name)
	}
	return list
}

func namesOf(list []*Schema) []string {
	names := make([]string, len(list))
	for i, l := range list {
		names[i] = l.Name
	}
	return names
}

// PickNames returns those of the named logs that list chooses; all are default ones. They need
// not be logs of this build.
func PickNames(list, names []string) ([]string, error) {
	var s Set
	for _, name := range names {
		l := Lookup(name)
		if l == nil {
			l = &Schema{Name: name}
		}
		s.list = append(s.list, l)
	}
	n := choose.Names{What: "log", All: names, Default: names, Several: s.ofProtocol, Groups: s.protocols()}
	return n.Pick(list)
}

// Wanted returns a function that reports whether list chooses a log, of this build or not;
// all are default ones. Names in list that are not known are taken for those of other logs.
func Wanted(list []string) (func(log string) bool, error) {
	known := Set{list: all}
	names := namesOf(all)
	for _, e := range list {
		name := strings.TrimLeft(e, "+-!")
		if !strings.ContainsAny(name, "*?[") && len(known.Named(name)) == 0 && !choose.Word(name) {
			names = append(names, name)
		}
	}
	if _, err := PickNames(list, names); err != nil {
		return nil, err
	}
	return func(log string) bool {
		known := names
		if !slices.Contains(known, log) {
			known = append(slices.Clip(known), log)
		}
		picked, err := PickNames(list, known)
		return err == nil && slices.Contains(picked, log)
	}, nil
}
