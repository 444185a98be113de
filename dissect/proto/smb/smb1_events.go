package smb

import "github.com/wirelog/wirelog/dissect/event"

// smb1Events are the events of SMB1, filled again for each message.
type smb1Events struct {
	message event.SMB1Message
	empty   event.SMB1EmptyResponse
	err     event.SMB1Error

	dialects      [][]byte
	negotiate     event.SMB1NegotiateRequest
	negotiated    event.SMB1NegotiateResponse
	setup         event.SMB1SessionSetupAndXRequest
	setUp         event.SMB1SessionSetupAndXResponse
	logoff        event.SMB1LogoffAndX
	treeConnect   event.SMB1TreeConnectAndXRequest
	treeConnected event.SMB1TreeConnectAndXResponse
	treeLeft      event.SMB1TreeDisconnect
	echo          event.SMB1EchoRequest
	echoed        event.SMB1EchoResponse
	cancel        event.SMB1NTCancelRequest

	create           event.SMB1NTCreateAndXRequest
	created          event.SMB1NTCreateAndXResponse
	read             event.SMB1ReadAndXRequest
	readDone         event.SMB1ReadAndXResponse
	write            event.SMB1WriteAndXRequest
	written          event.SMB1WriteAndXResponse
	close            event.SMB1CloseRequest
	createDirectory  event.SMB1CreateDirectoryRequest
	createdDirectory event.SMB1CreateDirectoryResponse
	checkDirectory   event.SMB1CheckDirectoryRequest
	checkedDirectory event.SMB1CheckDirectoryResponse
	queryInformation event.SMB1QueryInformationRequest

	transaction          event.SMB1TransactionRequest
	transacted           event.SMB1TransactionResponse
	transactionSecondary event.SMB1TransactionSecondaryRequest

	transaction2          event.SMB1Transaction2Request
	transaction2Secondary event.SMB1Transaction2SecondaryRequest
	findFirst2            event.SMB1Trans2FindFirst2Request
	queryPathInfo         event.SMB1Trans2QueryPathInfoRequest
	getDFSReferral        event.SMB1Trans2GetDFSReferralRequest
}
