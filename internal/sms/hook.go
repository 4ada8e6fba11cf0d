package sms

import (
	"encoding/json"
	"errors"

	"beian/tasks"
)

// Receipts reads one provider's pushes of delivery receipts. Only ids are read: the
// pushes are not signed, so what they say is asked for (trust 4.2).
type Receipts struct {
	Read func(body []byte) ([]tasks.Hint, error)
	// Thanks is the JSON that the provider takes for "received".
	Thanks string
}

var errNotReceipts = errors.New("not a push of receipts")

// AliyunReceipts reads SmsReport pushes (document_detail/101867).
func AliyunReceipts() Receipts {
	return Receipts{Thanks: `{"code":0,"msg":"成功"}`, Read: func(body []byte) ([]tasks.Hint, error) {
		var rows []struct {
			OutID string `json:"out_id"`
			BizID string `json:"biz_id"`
		}
		if json.Unmarshal(body, &rows) != nil { // its text would quote the body
			return nil, errNotReceipts
		}
		hints := make([]tasks.Hint, len(rows))
		for i, row := range rows {
			hints[i] = tasks.Hint{OutID: row.OutID, ProviderID: row.BizID}
		}
		return hints, nil
	}}
}

// TencentReceipts reads status callbacks (document/product/382/43547), which carry
// the provider's id only.
func TencentReceipts() Receipts {
	return Receipts{Thanks: `{"result":0,"errmsg":"OK"}`, Read: func(body []byte) ([]tasks.Hint, error) {
		var rows []struct {
			SID string `json:"sid"`
		}
		if json.Unmarshal(body, &rows) != nil {
			return nil, errNotReceipts
		}
		hints := make([]tasks.Hint, len(rows))
		for i, row := range rows {
			hints[i] = tasks.Hint{ProviderID: row.SID}
		}
		return hints, nil
	}}
}
