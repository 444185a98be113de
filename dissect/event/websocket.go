package event

// WebSocketEstablished is raised when an HTTP connection has become a WebSocket
// (RFC 6455 section 4).
//
//wirelog:event websocket_established section=WebSocket
type WebSocketEstablished struct {
	Conn Conn   `zeek:"c"`
	AID  uint64 `zeek:"aid"` // number of the WebSocket on its connection, from 1
}

// WebSocketFrame is raised for the header of every WebSocket frame (RFC 6455
// section 5.2).
//
//wirelog:event websocket_frame section=WebSocket
type WebSocketFrame struct {
	Conn       Conn   `zeek:"c"`
	IsOrig     bool   `zeek:"is_orig"`
	Fin        bool   `zeek:"fin"` // last frame of its message
	RSV        uint64 `zeek:"rsv"` // the three reserved bits
	Opcode     uint64 `zeek:"opcode"`
	PayloadLen uint64 `zeek:"payload_len"` // bytes
}

// WebSocketFrameData is raised for every piece of a WebSocket frame's payload, of up
// to 8192 bytes.
//
//wirelog:event websocket_frame_data section=WebSocket
type WebSocketFrameData struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Data   []byte `zeek:"data"` // without the mask; valid inside the call
}

// WebSocketMessage is raised when the last frame of a WebSocket message is complete.
//
//wirelog:event websocket_message section=WebSocket
type WebSocketMessage struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Opcode uint64 `zeek:"opcode"` // of the first frame
}

// WebSocketClose is raised for a WebSocket's close frame (RFC 6455 section 5.5.1).
//
//wirelog:event websocket_close section=WebSocket
type WebSocketClose struct {
	Conn   Conn   `zeek:"c"`
	IsOrig bool   `zeek:"is_orig"`
	Status uint64 `zeek:"status"` // 0 without a payload
	Reason []byte `zeek:"reason"` // valid inside the call
}
