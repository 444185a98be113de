package event

import "github.com/wirelog/wirelog/value"

// PEDOSHeader is raised for the DOS header with which a Portable Executable file
// begins (Microsoft PE format, "MS-DOS Stub").
//
//wirelog:event pe_dos_header section=PE own
type PEDOSHeader struct {
	File   File           `zeek:"f"`
	Header PEDOSHeaderRec `zeek:"h"`
}

// PEDOSHeaderRec is a DOS header, its fields in their order in the file.
//
//wirelog:record PE::DOSHeader
type PEDOSHeaderRec struct {
	Signature           []byte `zeek:"signature"` // "MZ"; valid inside the call
	UsedBytesInLastPage uint64 `zeek:"used_bytes_in_last_page"`
	FileInPages         uint64 `zeek:"file_in_pages"`
	NumRelocItems       uint64 `zeek:"num_reloc_items"`
	HeaderInParagraphs  uint64 `zeek:"header_in_paragraphs"`
	MinExtraParagraphs  uint64 `zeek:"min_extra_paragraphs"`
	MaxExtraParagraphs  uint64 `zeek:"max_extra_paragraphs"`
	InitRelativeSS      uint64 `zeek:"init_relative_ss"`
	InitSP              uint64 `zeek:"init_sp"`
	Checksum            uint64 `zeek:"checksum"`
	InitIP              uint64 `zeek:"init_ip"`
	InitRelativeCS      uint64 `zeek:"init_relative_cs"`
	AddrOfRelocTable    uint64 `zeek:"addr_of_reloc_table"`
	OverlayNum          uint64 `zeek:"overlay_num"`
	OEMID               uint64 `zeek:"oem_id"`
	OEMInfo             uint64 `zeek:"oem_info"`
	AddrOfNewEXEHeader  uint64 `zeek:"addr_of_new_exe_header"` // offset of the PE header in the file
}

// PEDOSCode is raised for the DOS program between the DOS header and the PE
// header, unless it is unreasonably long.
//
//wirelog:event pe_dos_code section=PE own
type PEDOSCode struct {
	File File   `zeek:"f"`
	Code []byte `zeek:"code"` // valid inside the call
}

// PEFileHeader is raised for the COFF file header (Microsoft PE format, "COFF File
// Header").
//
//wirelog:event pe_file_header section=PE own
type PEFileHeader struct {
	File   File            `zeek:"f"`
	Header PEFileHeaderRec `zeek:"h"`
}

// PEFileHeaderRec is a COFF file header.
//
//wirelog:record PE::FileHeader
type PEFileHeaderRec struct {
	Machine            uint64     `zeek:"machine"`
	TS                 value.Time `zeek:"ts"` // when the file was made
	SymTablePtr        uint64     `zeek:"sym_table_ptr"`
	NumSyms            uint64     `zeek:"num_syms"`
	OptionalHeaderSize uint64     `zeek:"optional_header_size"` // in bytes; 0 if it is not an executable
	// Characteristics are the bits that are set, each as a number; valid inside
	// the call.
	Characteristics value.Set[uint64] `zeek:"characteristics" type:"count_set"`
}

// PEOptionalHeader is raised for the optional header, which executables have
// (Microsoft PE format, "Optional Header").
//
//wirelog:event pe_optional_header section=PE own
type PEOptionalHeader struct {
	File   File                `zeek:"f"`
	Header PEOptionalHeaderRec `zeek:"h"`
}

// PEOptionalHeaderRec is an optional header.
//
//wirelog:record PE::OptionalHeader
type PEOptionalHeaderRec struct {
	Magic              uint64            `zeek:"magic"` // 0x10b is PE32, 0x20b PE32+, 0x107 a ROM image
	MajorLinkerVersion uint64            `zeek:"major_linker_version"`
	MinorLinkerVersion uint64            `zeek:"minor_linker_version"`
	SizeOfCode         uint64            `zeek:"size_of_code"`
	SizeOfInitData     uint64            `zeek:"size_of_init_data"`
	SizeOfUninitData   uint64            `zeek:"size_of_uninit_data"`
	AddrOfEntryPoint   uint64            `zeek:"addr_of_entry_point"`
	BaseOfCode         uint64            `zeek:"base_of_code"`
	BaseOfData         value.Opt[uint64] `zeek:"base_of_data"` // of PE32 only
	ImageBase          uint64            `zeek:"image_base"`
	SectionAlignment   uint64            `zeek:"section_alignment"`
	FileAlignment      uint64            `zeek:"file_alignment"`
	OSVersionMajor     uint64            `zeek:"os_version_major"`
	OSVersionMinor     uint64            `zeek:"os_version_minor"`
	MajorImageVersion  uint64            `zeek:"major_image_version"`
	MinorImageVersion  uint64            `zeek:"minor_image_version"`
	MajorSubsysVersion uint64            `zeek:"major_subsys_version"`
	MinorSubsysVersion uint64            `zeek:"minor_subsys_version"`
	SizeOfImage        uint64            `zeek:"size_of_image"`
	SizeOfHeaders      uint64            `zeek:"size_of_headers"`
	Checksum           uint64            `zeek:"checksum"`
	Subsystem          uint64            `zeek:"subsystem"`
	// DLLCharacteristics are the bits that are set, each as a number, TableSizes the
	// sizes of the data directories in bytes; valid inside the call.
	DLLCharacteristics value.Set[uint64] `zeek:"dll_characteristics" type:"count_set"`
	TableSizes         []uint64          `zeek:"table_sizes"`
}

// PESectionHeader is raised for every entry of the section table (Microsoft PE
// format, "Section Table").
//
//wirelog:event pe_section_header section=PE own
type PESectionHeader struct {
	File   File               `zeek:"f"`
	Header PESectionHeaderRec `zeek:"h"`
}

// PESectionHeaderRec is an entry of the section table.
//
//wirelog:record PE::SectionHeader
type PESectionHeaderRec struct {
	Name          []byte `zeek:"name"` // up to its first NUL byte; valid inside the call
	VirtualSize   uint64 `zeek:"virtual_size"`
	VirtualAddr   uint64 `zeek:"virtual_addr"`
	SizeOfRawData uint64 `zeek:"size_of_raw_data"`
	PtrToRawData  uint64 `zeek:"ptr_to_raw_data"`
	PtrToRelocs   uint64 `zeek:"ptr_to_relocs"`
	PtrToLineNums uint64 `zeek:"ptr_to_line_nums"`
	NumOfRelocs   uint64 `zeek:"num_of_relocs"`
	NumOfLineNums uint64 `zeek:"num_of_line_nums"`
	// Characteristics are the bits that are set, each as a number; valid inside
	// the call.
	Characteristics value.Set[uint64] `zeek:"characteristics" type:"count_set"`
}
