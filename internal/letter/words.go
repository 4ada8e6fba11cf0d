package letter

import (
	"fmt"
	"time"
)

// The words of the letter. They are in Chinese only and not in the catalogs: the letter is a deed between a Chinese
// organisation and its agent, and L3 wants it in Chinese whatever the reader's language.
const (
	title          = "备案账号邮箱初始化授权委托书"
	titleTransfer  = "备案信息转移授权委托书"
	titlePhone     = "备案账号安全手机更换授权委托书"
	titleImport    = "原平台备案信息导入授权委托书"
	labelReceipt   = "受理编号："
	captionQR      = "扫码查询办理进度"
	labelPrincipal = "委托人"
	labelAgent     = "受托人"
	labelName      = "单位全称"
	labelType      = "证件类型"
	labelNumber    = "证件号码"
	labelICP       = "主体备案号"
	labelAgentName = "姓名"
	labelAgentID   = "身份证号码"
	labelPhone     = "联系电话"

	purpose         = "一、委托事项。委托人委托上述受托人作为经办人，办理委托人的备案主体所属备案账号的登录邮箱初始化，将该账号的登录邮箱变更为："
	purposeTransfer = "一、委托事项。委托人委托上述受托人作为经办人，办理委托人的备案主体及其全部网站的备案信息转移，转入备案账号："
	purposePhone    = "一、委托事项。委托人委托上述受托人作为经办人，办理委托人的备案主体所属备案账号的安全手机更换，将该账号的安全手机变更为："
	purposeImport   = "一、委托事项。委托人委托上述受托人作为经办人，办理委托人在原万网平台的备案主体及其网站的备案信息导入，导入备案账号："
	powersTransfer  = "二、委托权限。受托人可以提交申请和材料，接收并确认核验信息，查询办理进度，按要求补正材料。受托人无权转委托；本委托书不得用于变更或者注销备案，也不得用于转入其他账号。"
	powers          = "二、委托权限。受托人可以提交申请和材料，接收并确认核验信息，查询办理进度，按要求补正材料。受托人无权转委托；本委托书不得用于变更、转移或者注销备案。"
	term            = "三、委托期限。自"
	termDays        = "起三十日内有效"
	declaration     = "四、委托人确认：以上内容和随附材料真实、有效；受托人在上述权限和期限内办理委托事项的法律后果，由委托人承担。"
	sealHere        = "委托人（加盖单位公章）："
	signHead        = "法定代表人（负责人）签字："
	signAgent       = "受托人签字："
	labelSigned     = "日期："
	notes           = "说明："
	noteSeal        = "1. 公章应当清晰、完整，与单位全称一致。手写内容用黑色签字笔填写，涂改无效。"
	noteUpload      = "2. 签字、盖章以后拍照或者扫描，在申请页面上传。"
	noteUse         = "3. 本委托书只用于一项%s申请，不得挪作他用。"
	useMailbox      = "邮箱初始化"
	useTransfer     = "备案信息转移"
	usePhone        = "安全手机更换"
	useImport       = "原平台备案信息导入"
	noteUseOf       = "3. 本委托书只用于受理编号为 %s 的申请，不得挪作他用。"
	noteMissing     = "4. 标有〓的地方是字库中没有的字，由委托人在旁边手写补全。"
	fullStop        = "。"
	termDeadline    = "，%s到期。"
)

// days an authorisation is good for. The first day isn't counted (Civil Code, article 201).
const days = 30

// words in a paragraph, or a value in it: ruled, and a blank of that many ems where the value is empty.
type words struct {
	text  string
	ruled bool
	blank float64
}

func plain(text string) words { return words{text: text} }

func value(text string, blank float64) words { return words{text: text, ruled: true, blank: blank} }

// heading is what the letter authorises to.
func (f form) heading() string {
	return map[About]string{Mailbox: title, Transfer: titleTransfer, Phone: titlePhone, Import: titleImport}[f.about]
}

// paragraphs are the body of the letter.
func (f form) paragraphs() [][]words {
	may := powers
	if f.about == Transfer {
		may = powersTransfer
	}
	return [][]words{f.asks(), {plain(may)}, f.term(), {plain(declaration)}}
}

// asks is what is to be done, with the value that it is about.
func (f form) asks() []words {
	asked := map[About][2]string{
		Mailbox: {purpose, f.NewEmail}, Transfer: {purposeTransfer, f.Target}, Phone: {purposePhone, f.NewPhone}, Import: {purposeImport, f.Import},
	}[f.about]
	return []words{plain(asked[0]), value(asked[1], 18), plain(fullStop)}
}

func (f form) term() []words {
	if f.Date.IsZero() {
		return append(append([]words{plain(term)}, handDate()...), plain(termDays+fullStop))
	}
	until := fmt.Sprintf(termDeadline, day(f.Date.In(shanghai()).AddDate(0, 0, days)))
	return []words{plain(term + day(f.Date) + termDays + until)}
}

// handDate is a date to be written by hand.
func handDate() []words {
	return []words{value("", 4), plain("年"), value("", 2.5), plain("月"), value("", 2.5), plain("日")}
}

func day(t time.Time) string { return t.In(shanghai()).Format("2006年1月2日") }

// shanghai has no daylight saving time since 1991; a fixed zone needs no zone file.
func shanghai() *time.Location { return time.FixedZone("CST", 8*60*60) }

func (f form) notes() []string {
	use := fmt.Sprintf(noteUse, map[About]string{Mailbox: useMailbox, Transfer: useTransfer, Phone: usePhone, Import: useImport}[f.about])
	if f.Receipt != "" {
		use = fmt.Sprintf(noteUseOf, f.Receipt)
	}
	lines := []string{notes, noteSeal, noteUpload, use}
	if f.handwriting {
		lines = append(lines, noteMissing)
	}
	return lines
}
