package api

import (
	"context"
	"net/http"
	"time"

	"beian/tasks"
)

type accountOutput struct {
	Language string `header:"Content-Language"`
	Body     accountBody
}

// accountBody is an account as its owner sees it.
type accountBody struct {
	ID         string        `json:"id" doc:"As the filing system calls it; a transfer can name its receiver by it."`
	Login      string        `json:"login,omitempty" doc:"Masked." example:"zha***@163.com"`
	Phone      string        `json:"security_phone,omitempty" doc:"Masked." example:"138 **** 8001"`
	Site       string        `json:"site" enum:"china,international"`
	Status     string        `json:"status" enum:"active,frozen,closed"`
	RealName   bool          `json:"real_name_verified"`
	HoldUntil  *time.Time    `json:"hold_until,omitempty" doc:"After a login reset: no transfer before then."`
	OpenOrders int           `json:"open_orders" doc:"Filing orders in progress; with any there is no transfer."`
	HasRoom    bool          `json:"has_room" doc:"For one more subject."`
	Subjects   []heldSubject `json:"subjects"`
}

type heldSubject struct {
	ID       string        `json:"id" doc:"What to send as subject when there are several."`
	Nature   string        `json:"nature" enum:"individual,organisation"`
	Name     string        `json:"name" doc:"Masked."`
	ICPNo    string        `json:"icp_no,omitempty" example:"京ICP备12345678号"`
	Websites []heldWebsite `json:"websites"`
	Records  int           `json:"records" doc:"Documents and review records."`
}

type heldWebsite struct {
	Domain          string `json:"domain"`
	ICPNo           string `json:"icp_no,omitempty" example:"京ICP备12345678号-1"`
	DomainElsewhere bool   `json:"domain_bought_elsewhere" doc:"By another account; that is accepted and changes nothing."`
	ServerElsewhere bool   `json:"server_bought_elsewhere" doc:"By another account; that is accepted and changes nothing."`
}

func (s *Server) accountRoutes() {
	register(s, operation{id: "read-account", method: http.MethodGet, path: "/v1/account", tag: "account", summary: "api.op.read_account",
		who: applicant}, s.readAccount)
}

// readAccount tells what the page /account shows.
func (s *Server) readAccount(ctx context.Context, _ *struct{}) (*accountOutput, error) {
	h, err := s.parts.Desk.Holder(ctx, callOf(ctx).session.AccountID)
	if err != nil {
		return nil, err
	}
	return &accountOutput{Language: string(langOf(ctx)), Body: accountOf(h)}, nil
}

func accountOf(h tasks.Holder) accountBody {
	b := accountBody{ID: h.ID, Login: h.Login, Phone: h.Phone, Site: string(h.Site), Status: string(h.Status), RealName: h.RealName,
		HoldUntil: office(h.HoldUntil), OpenOrders: h.OpenOrders, HasRoom: h.Room, Subjects: []heldSubject{}}
	for _, one := range h.Subjects {
		s := heldSubject{ID: one.ID, Nature: string(one.Nature), Name: one.Name, ICPNo: one.ICP.String(), Records: one.Records,
			Websites: []heldWebsite{}}
		for _, w := range one.Websites {
			s.Websites = append(s.Websites, heldWebsite{Domain: w.Domain.String(), ICPNo: w.ICP.String(),
				DomainElsewhere: w.ForeignDomain, ServerElsewhere: w.ForeignServer})
		}
		b.Subjects = append(b.Subjects, s)
	}
	return b
}
