package event

// NCPReply is raised for a reply of the NetWare Core Protocol, with the request that it
// answers and the completion code.
//
//wirelog:event ncp_reply section=NCP
type NCPReply struct {
	Conn           Conn   `zeek:"c"`
	FrameType      uint64 `zeek:"frame_type"` // 0x2222 for a request, 0x3333 for a reply
	Length         uint64 `zeek:"length"`     // bytes after the header of the frame
	ReqFrame       uint64 `zeek:"req_frame"`  // type of the last request, 0 before one
	ReqFunc        uint64 `zeek:"req_func"`   // function of the last request
	CompletionCode uint64 `zeek:"completion_code"`
}

// NCPRequest is raised for a request of the NetWare Core Protocol, with its function code.
//
//wirelog:event ncp_request section=NCP
type NCPRequest struct {
	Conn      Conn   `zeek:"c"`
	FrameType uint64 `zeek:"frame_type"` // 0x2222 for a request, 0x3333 for a reply
	Length    uint64 `zeek:"length"`     // bytes after the header of the frame
	Func      uint64 `zeek:"func"`       // with the subfunction in the low byte for 0x57
}
