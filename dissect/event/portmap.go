package event

import "github.com/wirelog/wirelog/value"

// PMMapping is a registration of a program with the portmapper (RFC 1833 section 3).
//
//wirelog:record pm_mapping
type PMMapping struct {
	Program uint64     `zeek:"program"`
	Version uint64     `zeek:"version"`
	P       value.Port `zeek:"p"` // 0 if it was above 65535
}

// PMPortRequest asks for the port of a program (RFC 1833 section 3).
//
//wirelog:record pm_port_request
type PMPortRequest struct {
	Program uint64 `zeek:"program"`
	Version uint64 `zeek:"version"`
	IsTCP   bool   `zeek:"is_tcp"` // UDP otherwise
}

// PMCallitRequest is a call of another program by way of the portmapper (RFC 1833 section
// 3).
//
//wirelog:record pm_callit_request
type PMCallitRequest struct {
	Program uint64 `zeek:"program"`
	Version uint64 `zeek:"version"`
	Proc    uint64 `zeek:"proc"`
	ArgSize uint64 `zeek:"arg_size"` // bytes of its arguments
}

// PMAttemptCallit is raised for a portmapper call CALLIT that was refused or not answered:
// a call of another program by way of the portmapper.
//
//wirelog:event pm_attempt_callit section=RPC
type PMAttemptCallit struct {
	Conn   Conn            `zeek:"r"`
	Status value.Enum      `zeek:"status" type:"rpc_status"`
	Call   PMCallitRequest `zeek:"call"`
}

// PMAttemptDump is raised for a portmapper call DUMP that was refused or not answered: the
// list of all mappings.
//
//wirelog:event pm_attempt_dump section=RPC
type PMAttemptDump struct {
	Conn   Conn       `zeek:"r"`
	Status value.Enum `zeek:"status" type:"rpc_status"`
}

// PMAttemptGetPort is raised for a portmapper call GETPORT that was refused or not
// answered: the port of a program.
//
//wirelog:event pm_attempt_getport section=RPC
type PMAttemptGetPort struct {
	Conn   Conn          `zeek:"r"`
	Status value.Enum    `zeek:"status" type:"rpc_status"`
	PR     PMPortRequest `zeek:"pr"`
}

// PMAttemptNull is raised for a portmapper call NULL that was refused or not answered.
//
//wirelog:event pm_attempt_null section=RPC
type PMAttemptNull struct {
	Conn   Conn       `zeek:"r"`
	Status value.Enum `zeek:"status" type:"rpc_status"`
}

// PMAttemptSet is raised for a portmapper call SET that was refused or not answered: the
// registration of a program.
//
//wirelog:event pm_attempt_set section=RPC
type PMAttemptSet struct {
	Conn   Conn       `zeek:"r"`
	Status value.Enum `zeek:"status" type:"rpc_status"`
	M      PMMapping  `zeek:"m"`
}

// PMAttemptUnset is raised for a portmapper call UNSET that was refused or not answered:
// the removal of a registration.
//
//wirelog:event pm_attempt_unset section=RPC
type PMAttemptUnset struct {
	Conn   Conn       `zeek:"r"`
	Status value.Enum `zeek:"status" type:"rpc_status"`
	M      PMMapping  `zeek:"m"`
}

// PMBadPort is raised for a portmapper message with a port above 65535.
//
//wirelog:event pm_bad_port section=RPC
type PMBadPort struct {
	Conn    Conn   `zeek:"r"`
	BadPort uint64 `zeek:"bad_p"` // as it was sent
}

// PMRequestCallit is raised for an answered portmapper call CALLIT, which calls another
// program by way of the portmapper (RFC 1833 section 3).
//
//wirelog:event pm_request_callit section=RPC
type PMRequestCallit struct {
	Conn Conn            `zeek:"r"`
	Call PMCallitRequest `zeek:"call"`
	P    value.Port      `zeek:"p"` // 0 if it was above 65535
}

// PMRequestDump is raised for an answered portmapper call DUMP, the list of all mappings
// (RFC 1833 section 3).
//
//wirelog:event pm_request_dump section=RPC
type PMRequestDump struct {
	Conn Conn             `zeek:"r"`
	M    Table[PMMapping] `zeek:"m" type:"pm_mappings"`
}

// PMRequestGetPort is raised for an answered portmapper call GETPORT, the port of a program
// (RFC 1833 section 3).
//
//wirelog:event pm_request_getport section=RPC
type PMRequestGetPort struct {
	Conn Conn          `zeek:"r"`
	PR   PMPortRequest `zeek:"pr"`
	P    value.Port    `zeek:"p"` // 0 if it was above 65535
}

// PMRequestNull is raised for an answered portmapper call NULL, which does nothing.
//
//wirelog:event pm_request_null section=RPC
type PMRequestNull struct {
	Conn Conn `zeek:"r"`
}

// PMRequestSet is raised for an answered portmapper call SET, the registration of a program
// (RFC 1833 section 3).
//
//wirelog:event pm_request_set section=RPC
type PMRequestSet struct {
	Conn    Conn      `zeek:"r"`
	M       PMMapping `zeek:"m"`
	Success bool      `zeek:"success"`
}

// PMRequestUnset is raised for an answered portmapper call UNSET, the removal of a
// registration (RFC 1833 section 3).
//
//wirelog:event pm_request_unset section=RPC
type PMRequestUnset struct {
	Conn    Conn      `zeek:"r"`
	M       PMMapping `zeek:"m"`
	Success bool      `zeek:"success"`
}
