package smb

import "github.com/wirelog/wirelog/dissect/event"

// SMB_COM_TRANSACTION2 subcommands that are parsed (MS-CIFS section 2.2.2.2).
const (
	trans2FindFirst2           = 0x0001
	trans2QueryPathInformation = 0x0005
	trans2QueryFileInformation = 0x0007
	trans2GetDFSReferral       = 0x0010
)

// transaction2Request parses SMB_COM_TRANSACTION2 (MS-CIFS section 2.2.4.46.1).
func (s *smb1State) transaction2Request(c *smb1Command) bool {
	const where = "SMB1_transaction2_request"
	b := c.b
	if !s.need(where+":byte_count", 33, b) {
		return false
	}
	pos, ok := s.skipTo(where+":pad1", le16(b, 21), 33, b)
	if !ok {
		return false
	}
	sub := le16(b, 29)
	switch params := b[pos:]; sub {
	case trans2FindFirst2:
		ok = s.findFirst2(params)
	case trans2QueryPathInformation:
		ok = s.queryPathInfo(params)
	case trans2QueryFileInformation:
		ok = s.need("trans2_query_file_info_request", 4, params)
	case trans2GetDFSReferral:
		ok = s.getDFSReferral(params)
	}
	if h := &s.a.f.hooks.SMB1Transaction2Request; ok && h.On() {
		e := h.Begin()
		*e = event.SMB1Transaction2Request{
			Conn: s.a.Conn(), Hdr: s.hdr,
			Args: event.SMB1Trans2Args{
				TotalParamCount: u16(b, 1), TotalDataCount: u16(b, 3),
				MaxParamCount: u16(b, 5), MaxDataCount: u16(b, 7), MaxSetupCount: uint64(b[9]),
				Flags: u16(b, 11), Timeout: u32(b, 13),
				ParamCount: u16(b, 19), ParamOffset: u16(b, 21),
				DataCount: u16(b, 23), DataOffset: u16(b, 25), SetupCount: uint64(b[27]),
			},
			SubCmd: uint64(sub),
		}
		h.Raise(e)
	}
	return ok
}

// trans2Name parses the name at pos of a subcommand's parameters.
func (s *smb1State) trans2Name(where string, b []byte, pos int) (raw []byte, ok bool) {
	if !s.need(where, pos, b) {
		return nil, false
	}
	raw, _, ok = s.str(b, pos, pos, s.unicode)
	return raw, ok
}

// findFirst2 parses TRANS2_FIND_FIRST2 (MS-CIFS section 2.2.6.2.1).
func (s *smb1State) findFirst2(b []byte) bool {
	name, ok := s.trans2Name("trans2_find_first2_request:search_storage_type", b, 12)
	if h := &s.a.f.hooks.SMB1Trans2FindFirst2Request; ok && h.On() {
		e := h.Begin()
		*e = event.SMB1Trans2FindFirst2Request{
			Conn: s.a.Conn(), Hdr: s.hdr,
			Args: event.SMB1FindFirst2RequestArgs{
				SearchAttrs: u16(b, 0), SearchCount: u16(b, 2), Flags: u16(b, 4), InfoLevel: u16(b, 6),
				SearchStorageType: u32(b, 8), FileName: s.decodeIn(name),
			},
		}
		h.Raise(e)
	}
	return ok
}

// queryPathInfo parses TRANS2_QUERY_PATH_INFORMATION (MS-CIFS section 2.2.6.6.1).
func (s *smb1State) queryPathInfo(b []byte) bool {
	name, ok := s.trans2Name("trans2_query_path_info_request:reserved", b, 6)
	if h := &s.a.f.hooks.SMB1Trans2QueryPathInfoRequest; ok && h.On() {
		e := h.Begin()
		*e = event.SMB1Trans2QueryPathInfoRequest{Conn: s.a.Conn(), Hdr: s.hdr, FileName: s.decodeIn(name)}
		h.Raise(e)
	}
	return ok
}

// getDFSReferral parses TRANS2_GET_DFS_REFERRAL (MS-CIFS section 2.2.6.16.1).
func (s *smb1State) getDFSReferral(b []byte) bool {
	name, ok := s.trans2Name("trans2_get_dfs_referral_request:max_referral_level", b, 2)
	if h := &s.a.f.hooks.SMB1Trans2GetDFSReferralRequest; ok && h.On() {
		e := h.Begin()
		*e = event.SMB1Trans2GetDFSReferralRequest{Conn: s.a.Conn(), Hdr: s.hdr, FileName: s.decodeIn(name)}
		h.Raise(e)
	}
	return ok
}

// transaction2Response parses SMB_COM_TRANSACTION2 (MS-CIFS section 2.2.4.46.2), which has no
// event.
func (s *smb1State) transaction2Response(c *smb1Command) bool {
	const where = "SMB1_transaction2_response"
	return s.need(where+":byte_count", 23, c.b) && s.need(where+":stuff", 23+int(le16(c.b, 21)), c.b)
}

// transaction2SecondaryRequest parses SMB_COM_TRANSACTION2_SECONDARY (MS-CIFS section
// 2.2.4.47.1).
func (s *smb1State) transaction2SecondaryRequest(c *smb1Command) bool {
	const where = "SMB1_transaction2_secondary_request"
	b := c.b
	if !s.need(where+":byte_count", 21, b) {
		return false
	}
	count := le16(b, 11)
	params, data, ok := s.payload([3]string{where + ":pad1", where + ":parameters", where + ":pad2"}, b, 21,
		le16(b, 7), le16(b, 5), le16(b, 13))
	if !ok {
		return false
	}
	if data, _, ok = s.take(where+":data", data, 0, int(count)); !ok {
		return false
	}
	if e := s.a.f.hooks.SMB1Transaction2SecondaryRequest.Begin(); e != nil {
		*e = event.SMB1Transaction2SecondaryRequest{
			Conn: s.a.Conn(), Hdr: s.hdr,
			Args: event.SMB1Trans2SecArgs{
				TotalParamCount: u16(b, 1), TotalDataCount: u16(b, 3),
				ParamCount: u16(b, 5), ParamOffset: u16(b, 7), ParamDisplacement: u16(b, 9),
				DataCount: uint64(count), DataOffset: u16(b, 13), DataDisplacement: u16(b, 15), FID: u16(b, 17),
			},
			Parameters: params, Data: data,
		}
		s.a.f.hooks.SMB1Transaction2SecondaryRequest.Raise(e)
	}
	return true
}
