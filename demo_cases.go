package main

import (
	"strconv"
	"time"

	"beian/api"
	"beian/internal/filing"
	"beian/internal/specimen"
	"beian/internal/text"
	"beian/tasks"
)

// demoCase is a filing of the demonstration whose login is lost, with everything a
// login reset asks for. Nobody in it exists; the papers are drawn.
type demoCase struct {
	key    string // part of addresses
	fields map[string]string
	who    specimen.Person // the applicant
	of     specimen.Company
	seeded bool // its review is there at the first start; the others are for whoever tries
}

// demoCases are the three variants of documents (L2), once as open reviews and once
// to be tried.
func demoCases() []demoCase {
	return []demoCase{
		individual("zhou", specimen.Person{Name: "周静", Sex: "女", Nation: "汉", Born: "1987 年 6 月 12 日",
			Address: "浙江省杭州市西湖区样例路十六号", Number: "330106198706123421"}, "浙ICP备20240016号", true),
		organisation("yunzhan", specimen.Company{Name: "上海云栈信息技术有限公司", Number: "91310115MA1K4A2B3A", Kind: "有限责任公司",
			Chief: "何建国", Founded: "2018年9月3日", Address: "上海市浦东新区样例路十七号"},
			specimen.Person{Name: "何建国", Sex: "男", Nation: "汉", Born: "1975 年 3 月 8 日", Address: "上海市黄浦区样例路一号",
				Number: "310101197503081516"}, "沪ICP备20240017号", true),
		organisation("nanzhi", specimen.Company{Name: "广州南枝文化传播有限公司", Number: "91440101MA5CX8R6TJ", Kind: "有限责任公司",
			Chief: "陈南", Founded: "2019年2月18日", Address: "广东省广州市天河区样例路十八号"},
			specimen.Person{Name: "林小满", Sex: "女", Nation: "汉", Born: "1996 年 9 月 21 日", Address: "广东省广州市天河区样例路二号",
				Number: "440106199609214823"}, "粤ICP备20240018号", true),
		individual("wu", specimen.Person{Name: "吴桐", Sex: "女", Nation: "汉", Born: "1993 年 4 月 5 日",
			Address: "江苏省南京市玄武区样例路十九号", Number: "320102199304056622"}, "苏ICP备20240019号", false),
		organisation("shuxi", specimen.Company{Name: "成都蜀溪软件有限公司", Number: "91510107MA6DG9H1P3", Kind: "有限责任公司",
			Chief: "江月", Founded: "2020年7月1日", Address: "四川省成都市武侯区样例路二十号"},
			specimen.Person{Name: "江月", Sex: "男", Nation: "汉", Born: "1983 年 7 月 19 日", Address: "四川省成都市锦江区样例路三号",
				Number: "510104198307192316"}, "蜀ICP备20240020号", false),
		organisation("jianghai", specimen.Company{Name: "武汉江海物流有限公司", Number: "91420106MA4KR7W5NU", Kind: "有限责任公司",
			Chief: "唐川", Founded: "2017年11月11日", Address: "湖北省武汉市武昌区样例路二十一号"},
			specimen.Person{Name: "莫云", Sex: "女", Nation: "汉", Born: "1999 年 8 月 8 日", Address: "湖北省武汉市汉阳区样例路四号",
				Number: "420105199908085849"}, "鄂ICP备20240021号", false),
	}
}

func individual(key string, who specimen.Person, icp string, seeded bool) demoCase {
	c := demoCase{key: key, who: who, seeded: seeded}
	c.fields = map[string]string{tasks.FieldNature: string(filing.NatureIndividual), tasks.FieldSubjectName: who.Name,
		tasks.FieldCertType: string(filing.CertificateIDCard), tasks.FieldCertNumber: who.Number, tasks.FieldFiling: icp}
	return c.reachable()
}

func organisation(key string, of specimen.Company, who specimen.Person, icp string, seeded bool) demoCase {
	principal := "no"
	if of.Chief == who.Name {
		principal = "yes"
	}
	c := demoCase{key: key, who: who, of: of, seeded: seeded}
	c.fields = map[string]string{tasks.FieldNature: string(filing.NatureOrganisation), tasks.FieldPrincipal: principal,
		tasks.FieldSubjectName: of.Name, tasks.FieldCertType: string(filing.CertificateCreditCode), tasks.FieldCertNumber: of.Number,
		tasks.FieldFiling: icp, tasks.FieldApplicant: who.Name, tasks.FieldApplicantID: who.Number}
	return c.reachable()
}

// reachable adds what every case has: a phone of its own, a new mailbox, a reason.
func (c demoCase) reachable() demoCase {
	phones := map[string]string{"zhou": "13900139214", "yunzhan": "13900139215", "nanzhi": "13900139216",
		"wu": "13900139217", "shuxi": "13900139218", "jianghai": "13900139219"}
	c.fields[tasks.FieldPhone], c.fields[tasks.FieldNewEmail] = phones[c.key], "new-"+c.key+"@example.com"
	c.fields[tasks.FieldReason], c.fields[tasks.FieldConsent] = "mailbox_lost", "yes"
	return c
}

func (c demoCase) slots() []tasks.Slot {
	return tasks.SlotsOf(filing.SubjectNature(c.fields[tasks.FieldNature]), c.fields[tasks.FieldPrincipal] == "yes")
}

// paper draws the document of a slot.
func (c demoCase) paper(slot tasks.Slot) ([]byte, error) {
	seed := uint64(len(c.key)) << 32
	for _, b := range []byte(c.key + string(slot)) {
		seed = seed*31 + uint64(b)
	}
	painter, err := specimen.New(seed)
	if err != nil {
		return nil, err
	}
	switch slot {
	case tasks.SlotIDFront, tasks.SlotApplicantFront:
		return painter.IDFront(c.who)
	case tasks.SlotIDBack, tasks.SlotApplicantBack:
		return painter.IDBack("样例市公安局", "2020.01.01-2040.01.01")
	case tasks.SlotHoldingID:
		return painter.HoldingID(c.who)
	case tasks.SlotHoldingCertificate:
		return painter.HoldingLicence(c.of)
	case tasks.SlotLetter:
		return painter.Letter(c.of, c.who)
	}
	return nil, tasks.ErrNotFound
}

// casesToTry are the cases without a seeded review, as the inbox page lists them.
func casesToTry() []api.DemoCase {
	var out []api.DemoCase
	for _, c := range demoCases() {
		if c.seeded {
			continue
		}
		shown := api.DemoCase{Key: c.key, Fields: c.fields}
		for _, slot := range c.slots() {
			shown.Slots = append(shown.Slots, string(slot))
		}
		out = append(out, shown)
	}
	return out
}

// demoPaper draws the paper of a case to try.
func demoPaper(key, slot string) ([]byte, error) {
	for _, c := range demoCases() {
		if c.key == key {
			return c.paper(tasks.Slot(slot))
		}
	}
	return nil, tasks.ErrNotFound
}

// clockNote tells readers of the inbox how the clock was moved.
func (o *office) clockNote() map[text.Lang]string {
	if !o.time.moved() {
		return nil
	}
	out := map[text.Lang]string{}
	for _, lang := range []text.Lang{text.Chinese, text.English} {
		out[lang] = o.catalog.T(lang, "inbox.clock", map[string]any{"start": o.time.start.In(time.FixedZone("CST", 8*60*60)).Format("2006-01-02 15:04"),
			"speed": strconv.FormatFloat(o.time.speed, 'g', -1, 64)})
	}
	return out
}
