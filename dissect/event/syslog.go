package event

// SyslogMessage is raised for every syslog message, with facility and severity taken from
// its priority (RFC 3164 section 4.1.1, RFC 5424 section 6.2.1).
//
//wirelog:event syslog_message section=Syslog
type SyslogMessage struct {
	Conn     Conn   `zeek:"c"`
	Facility uint64 `zeek:"facility"` // 999 without a priority
	Severity uint64 `zeek:"severity"` // 999 without a priority
	Msg      []byte `zeek:"msg"`      // what follows the priority, valid inside the call
}
