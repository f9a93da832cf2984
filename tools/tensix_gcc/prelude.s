# Comes before the compiler's output. A Tensix instruction is a RISC-V word rotated left by two. LRegs 0..7 are the
# registers ft0..ft7 of -march=rv32imf; `lr_` gives the number of a register, `nK` names LReg K itself.
.macro numbered regs:vararg
.irp n,\regs
.set lr_n\n,\n
.endr
.endm
numbered 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
.irp n,0,1,2,3,4,5,6,7
.set lr_ft\n,\n
.endr

.macro .ttinsn v:vararg
.4byte ((((\v)) << 2) | ((((\v)) >> 30) & 3)) & 0xffffffff
.endm

# imm12, source, destination, modifier
.macro sfp opcode, imm, c, d, mod
.ttinsn (\opcode<<24)|((\imm&0xfff)<<12)|(lr_\c<<8)|(lr_\d<<4)|(\mod)
.endm
# d = a * b + c
.macro sfp_mad opcode, a, b, c, d, mod
.ttinsn (\opcode<<24)|(lr_\a<<16)|(lr_\b<<12)|(lr_\c<<8)|(lr_\d<<4)|(\mod)
.endm
# 16 bits of an immediate into a register
.macro sfp_loadi d, imm, mod
.ttinsn 0x71000000|(lr_\d<<20)|((\mod)<<16)|((\imm)&0xffff)
.endm
.macro sfp_nop
.ttinsn 0x8f000000
.endm

# Copies that the register allocator makes are copies of all lanes, whatever the condition codes say.
.macro fmv.s d,s
sfp 0x7c,0,\s,\d,2
.endm
.macro fmv.w.x d,s
.ifc \s,zero
sfp 0x7c,0,n9,\d,2
.else
.error "tensix_gcc: a scalar float in a compute kernel (fmv.w.x)"
.endif
.endm
# What else the compiler would do with these registers has no counterpart: no kernel may be built wrong.
.irp op,flw,fsw,fmv.x.w,fmv.x.s,fmv.s.x,fadd.s,fsub.s,fmul.s,fdiv.s,fsqrt.s,fmadd.s,fmsub.s,fnmadd.s,fnmsub.s,fcvt.s.w,fcvt.s.wu,fcvt.w.s,fcvt.wu.s,feq.s,flt.s,fle.s,fgt.s,fge.s,fneg.s,fabs.s,fmin.s,fmax.s,fsgnj.s,fsgnjn.s,fsgnjx.s,fld,fsd
.macro \op a:vararg
.error "tensix_gcc: \op: more than eight vectors at a time, or a scalar float, in a compute kernel"
.endm
.endr
