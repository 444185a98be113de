package event

import (
	"net/netip"

	"github.com/wirelog/wirelog/value"
)

// IRCRequest is raised for a command of an IRC client that has no event of its own
// (RFC 2812 section 3).
//
//wirelog:event irc_request section=IRC
type IRCRequest struct {
	Conn      Conn   `zeek:"c"`
	IsOrig    bool   `zeek:"is_orig"`
	Prefix    []byte `zeek:"prefix"`    // without its colon, empty if there is none; valid inside the call
	Command   []byte `zeek:"command"`   // in upper case; valid inside the call
	Arguments []byte `zeek:"arguments"` // the rest of the line; valid inside the call
}

// IRCReply is raised for a numeric reply that has no event of its own (RFC 2812 section
// 5).
//
//wirelog:event irc_reply section=IRC
type IRCReply struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Prefix []byte `zeek:"prefix"` // valid inside the call
	Code   uint64 `zeek:"code"`
	Params []byte `zeek:"params"` // the rest of the line; valid inside the call
}

// IRCMessage is raised for a command of an IRC server that has no event of its own.
//
//wirelog:event irc_message section=IRC
type IRCMessage struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Prefix  []byte `zeek:"prefix"`  // valid inside the call
	Command []byte `zeek:"command"` // in upper case; valid inside the call
	Message []byte `zeek:"message"` // the rest of the line; valid inside the call
}

// IRCQuitMessage is raised for QUIT (RFC 2812 section 3.1.7).
//
//wirelog:event irc_quit_message section=IRC
type IRCQuitMessage struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Nick    []byte `zeek:"nick"`    // sender, if there is a prefix; valid inside the call
	Message []byte `zeek:"message"` // valid inside the call
}

// IRCPrivmsgMessage is raised for PRIVMSG, except for DCC (RFC 2812 section 3.3.1).
//
//wirelog:event irc_privmsg_message section=IRC
type IRCPrivmsgMessage struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Source  []byte `zeek:"source"`  // the prefix; valid inside the call
	Target  []byte `zeek:"target"`  // nickname or channel; valid inside the call
	Message []byte `zeek:"message"` // valid inside the call
}

// IRCNoticeMessage is raised for NOTICE (RFC 2812 section 3.3.2).
//
//wirelog:event irc_notice_message section=IRC
type IRCNoticeMessage struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Source  []byte `zeek:"source"`  // the prefix; valid inside the call
	Target  []byte `zeek:"target"`  // nickname or channel; valid inside the call
	Message []byte `zeek:"message"` // valid inside the call
}

// IRCSqueryMessage is raised for SQUERY, a message to a service (RFC 2812 section 3.5.2).
//
//wirelog:event irc_squery_message section=IRC
type IRCSqueryMessage struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Source  []byte `zeek:"source"`  // the prefix; valid inside the call
	Target  []byte `zeek:"target"`  // the service; valid inside the call
	Message []byte `zeek:"message"` // valid inside the call
}

// IRCJoinInfo is one channel that somebody joins.
//
//wirelog:record irc_join_info
type IRCJoinInfo struct {
	Nick     []byte `zeek:"nick"`     // who, empty for the client itself; valid inside the call
	Channel  []byte `zeek:"channel"`  // valid inside the call
	Password []byte `zeek:"password"` // the channel's key; valid inside the call
	UserMode string `zeek:"usermode"` // of NJOIN: "creator", "operator", "voice" or "none"
}

// IRCJoinMessage is raised for JOIN and NJOIN (RFC 2812 section 3.2.1, RFC 2813 section
// 4.2.2).
//
//wirelog:event irc_join_message section=IRC
type IRCJoinMessage struct {
	Conn     Conn                   `zeek:"c"`
	IsOrig   bool                   `zeek:"is_orig"`
	InfoList value.Set[IRCJoinInfo] `zeek:"info_list" type:"irc_join_list"` // valid inside the call
}

// IRCPartMessage is raised for PART (RFC 2812 section 3.2.2).
//
//wirelog:event irc_part_message section=IRC
type IRCPartMessage struct {
	Conn    Conn              `zeek:"c"`
	IsOrig  bool              `zeek:"is_orig"`
	Nick    []byte            `zeek:"nick"`                    // sender, if there is a prefix; valid inside the call
	Chans   value.Set[[]byte] `zeek:"chans" type:"string_set"` // valid inside the call
	Message []byte            `zeek:"message"`                 // valid inside the call
}

// IRCNickMessage is raised for NICK (RFC 2812 section 3.1.2).
//
//wirelog:event irc_nick_message section=IRC
type IRCNickMessage struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Who     []byte `zeek:"who"`     // the prefix; valid inside the call
	NewNick []byte `zeek:"newnick"` // valid inside the call
}

// IRCInvalidNick is raised for the replies that refuse a nickname (431, 432, 433, 436).
//
//wirelog:event irc_invalid_nick section=IRC
type IRCInvalidNick struct {
	Conn   Conn `zeek:"c"`
	IsOrig bool `zeek:"is_orig"`
}

// IRCNetworkInfo is raised for RPL_LUSERCLIENT (251).
//
//wirelog:event irc_network_info section=IRC
type IRCNetworkInfo struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	Users    uint64 `zeek:"users"`
	Services uint64 `zeek:"services"`
	Servers  uint64 `zeek:"servers"`
}

// IRCServerInfo is raised for RPL_LUSERME (255).
//
//wirelog:event irc_server_info section=IRC
type IRCServerInfo struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	Users    uint64 `zeek:"users"`
	Services uint64 `zeek:"services"`
	Servers  uint64 `zeek:"servers"`
}

// IRCChannelInfo is raised for RPL_LUSERCHANNELS (254).
//
//wirelog:event irc_channel_info section=IRC
type IRCChannelInfo struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Chans  uint64 `zeek:"chans"` // number of channels
}

// IRCGlobalUsers is raised for RPL_GLOBALUSERS (266).
//
//wirelog:event irc_global_users section=IRC
type IRCGlobalUsers struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Prefix []byte `zeek:"prefix"` // the first word and the space behind it; valid inside the call
	Msg    []byte `zeek:"msg"`    // valid inside the call
}

// IRCWhoLine is raised for RPL_WHOREPLY (352).
//
//wirelog:event irc_who_line section=IRC
type IRCWhoLine struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	TargetNick []byte `zeek:"target_nick"` // valid inside the call, like all that follow
	Channel    []byte `zeek:"channel"`
	User       []byte `zeek:"user"`
	Host       []byte `zeek:"host"`
	Server     []byte `zeek:"server"`
	Nick       []byte `zeek:"nick"`
	Params     []byte `zeek:"params"`
	Hops       uint64 `zeek:"hops"`
	RealName   []byte `zeek:"real_name"` // the first word of it
}

// IRCNamesInfo is raised for RPL_NAMREPLY (353).
//
//wirelog:event irc_names_info section=IRC
type IRCNamesInfo struct {
	Conn    Conn              `zeek:"c"`
	IsOrig  bool              `zeek:"is_orig"`
	CType   []byte            `zeek:"c_type"`                  // "=", "*" or "@"; valid inside the call
	Channel []byte            `zeek:"channel"`                 // valid inside the call
	Users   value.Set[[]byte] `zeek:"users" type:"string_set"` // valid inside the call
}

// IRCWhoisOperatorLine is raised for RPL_WHOISOPERATOR (313).
//
//wirelog:event irc_whois_operator_line section=IRC
type IRCWhoisOperatorLine struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Nick   []byte `zeek:"nick"` // valid inside the call
}

// IRCWhoisChannelLine is raised for RPL_WHOISCHANNELS (319).
//
//wirelog:event irc_whois_channel_line section=IRC
type IRCWhoisChannelLine struct {
	Conn   Conn              `zeek:"c"`
	IsOrig bool              `zeek:"is_orig"`
	Nick   []byte            `zeek:"nick"`                    // valid inside the call
	Chans  value.Set[[]byte] `zeek:"chans" type:"string_set"` // valid inside the call
}

// IRCWhoisUserLine is raised for RPL_WHOISUSER (311).
//
//wirelog:event irc_whois_user_line section=IRC
type IRCWhoisUserLine struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	Nick     []byte `zeek:"nick"` // valid inside the call, like all that follow
	User     []byte `zeek:"user"`
	Host     []byte `zeek:"host"`
	RealName []byte `zeek:"real_name"`
}

// IRCOperResponse is raised for the replies that grant operator rights (381) or do not
// (491).
//
//wirelog:event irc_oper_response section=IRC
type IRCOperResponse struct {
	Conn    Conn `zeek:"c"`
	IsOrig  bool `zeek:"is_orig"`
	GotOper bool `zeek:"got_oper"`
}

// IRCChannelTopic is raised for RPL_TOPIC (332).
//
//wirelog:event irc_channel_topic section=IRC
type IRCChannelTopic struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Channel []byte `zeek:"channel"` // valid inside the call
	Topic   []byte `zeek:"topic"`   // valid inside the call
}

// IRCWhoMessage is raised for WHO (RFC 2812 section 3.6.1).
//
//wirelog:event irc_who_message section=IRC
type IRCWhoMessage struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Mask   []byte `zeek:"mask"` // valid inside the call
	Oper   bool   `zeek:"oper"` // only operators are asked for
}

// IRCWhoisMessage is raised for WHOIS (RFC 2812 section 3.6.2).
//
//wirelog:event irc_whois_message section=IRC
type IRCWhoisMessage struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Server []byte `zeek:"server"` // valid inside the call
	Users  []byte `zeek:"users"`  // valid inside the call
}

// IRCErrorMessage is raised for ERROR (RFC 2812 section 3.7.4).
//
//wirelog:event irc_error_message section=IRC
type IRCErrorMessage struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Prefix  []byte `zeek:"prefix"`  // valid inside the call
	Message []byte `zeek:"message"` // valid inside the call
}

// IRCInviteMessage is raised for INVITE (RFC 2812 section 3.2.7).
//
//wirelog:event irc_invite_message section=IRC
type IRCInviteMessage struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	Prefix   []byte `zeek:"prefix"`   // valid inside the call
	Nickname []byte `zeek:"nickname"` // valid inside the call
	Channel  []byte `zeek:"channel"`  // valid inside the call
}

// IRCModeMessage is raised for MODE (RFC 2812 section 3.2.3).
//
//wirelog:event irc_mode_message section=IRC
type IRCModeMessage struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Prefix []byte `zeek:"prefix"` // valid inside the call
	Params []byte `zeek:"params"` // valid inside the call
}

// IRCSquitMessage is raised for SQUIT (RFC 2812 section 3.1.8).
//
//wirelog:event irc_squit_message section=IRC
type IRCSquitMessage struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Prefix  []byte `zeek:"prefix"`  // valid inside the call
	Server  []byte `zeek:"server"`  // valid inside the call
	Message []byte `zeek:"message"` // valid inside the call
}

// IRCDCCMessage is raised for an offer of a direct connection (DCC) in a PRIVMSG.
//
//wirelog:event irc_dcc_message section=IRC
type IRCDCCMessage struct {
	Conn     Conn       `zeek:"c"`
	IsOrig   bool       `zeek:"is_orig"`
	Prefix   []byte     `zeek:"prefix"`   // valid inside the call
	Target   []byte     `zeek:"target"`   // valid inside the call
	DCCType  []byte     `zeek:"dcc_type"` // such as SEND; valid inside the call
	Argument []byte     `zeek:"argument"` // name of the file; valid inside the call
	Address  netip.Addr `zeek:"address"`
	DestPort uint64     `zeek:"dest_port"`
	Size     uint64     `zeek:"size"` // of the file in bytes, 0 if unknown
}

// IRCKickMessage is raised for KICK (RFC 2812 section 3.2.8).
//
//wirelog:event irc_kick_message section=IRC
type IRCKickMessage struct {
	Conn    Conn   `zeek:"c"`
	IsOrig  bool   `zeek:"is_orig"`
	Prefix  []byte `zeek:"prefix"`  // valid inside the call
	Chans   []byte `zeek:"chans"`   // with commas between them; valid inside the call
	Users   []byte `zeek:"users"`   // with commas between them; valid inside the call
	Comment []byte `zeek:"comment"` // valid inside the call
}

// IRCUserMessage is raised for USER (RFC 2812 section 3.1.3).
//
//wirelog:event irc_user_message section=IRC
type IRCUserMessage struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	User     []byte `zeek:"user"` // valid inside the call, like all that follow
	Host     []byte `zeek:"host"`
	Server   []byte `zeek:"server"`
	RealName []byte `zeek:"real_name"`
}

// IRCOperMessage is raised for OPER (RFC 2812 section 3.1.4).
//
//wirelog:event irc_oper_message section=IRC
type IRCOperMessage struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	User     []byte `zeek:"user"`     // valid inside the call
	Password []byte `zeek:"password"` // valid inside the call
}

// IRCPasswordMessage is raised for PASS (RFC 2812 section 3.1.1).
//
//wirelog:event irc_password_message section=IRC
type IRCPasswordMessage struct {
	Conn     Conn   `zeek:"c"`
	IsOrig   bool   `zeek:"is_orig"`
	Password []byte `zeek:"password"` // valid inside the call
}

// IRCStartTLS is raised when an IRC server agrees to STARTTLS (670): TLS follows.
//
//wirelog:event irc_starttls section=IRC
type IRCStartTLS struct {
	Conn Conn `zeek:"c"`
}
