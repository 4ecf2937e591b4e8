"""Element types that llama.cpp's quantiser chooses, for src/formats/file-types.test.ts: writes file-types.json beside itself.

python file-types.py FOLDER     (with libllama and libggml-base as node-llama-cpp 3.22.1 brings them; needs gguf, numpy)

Five outlines of models, with small random weights: Llama with grouped heads and tied embeddings, Mixtral with 8 experts,
Falcon, GPT-2, and Llama of 80 layers whose rows are no whole super-blocks. For each file type, with and without an
importance matrix, the types of the tensors that do not have that of most, by name.
"""
import ctypes, json, re, sys, os, tempfile
from pathlib import Path
import numpy as np, gguf
here=Path(__file__).parent
folder=sys.argv[1]
for n in sorted(os.listdir(folder)):
    if n.startswith('libggml-base'): ctypes.CDLL(f'{folder}/{n}', ctypes.RTLD_GLOBAL)
for n in sorted(os.listdir(folder)):
    if n.startswith('libggml.') : ctypes.CDLL(f'{folder}/{n}', ctypes.RTLD_GLOBAL)
lib=ctypes.CDLL([f'{folder}/{n}' for n in os.listdir(folder) if n.startswith('libllama.')][0])
class Params(ctypes.Structure):
    _fields_=[('nthread',ctypes.c_int32),('ftype',ctypes.c_int),('output_tensor_type',ctypes.c_int),('token_embedding_type',ctypes.c_int)]+[(n,ctypes.c_bool) for n in ('allow_requantize','quantize_output_tensor','only_copy','pure','keep_split','dry_run')]+[(n,ctypes.c_void_p) for n in ('imatrix','kv_overrides','tt_overrides','prune_layers')]+[('max_buf_size',ctypes.c_size_t)]
class Entry(ctypes.Structure):
    _fields_=[('name',ctypes.c_char_p),('data',ctypes.c_void_p),('size',ctypes.c_size_t)]
lib.llama_model_quantize_default_params.restype=Params
lib.llama_model_quantize.argtypes=[ctypes.c_char_p,ctypes.c_char_p,ctypes.POINTER(Params)]
LOG=ctypes.CFUNCTYPE(None,ctypes.c_int,ctypes.c_char_p,ctypes.c_void_p)
log=LOG(lambda l,t,u: None); lib.llama_log_set(log,None)
def outline(arch,layers,width,heads,kv,per_layer,extra,keys={}):
    t={'token_embd.weight':[64,width],'output_norm.weight':[width],**extra}
    for i in range(layers):
        for k,s in per_layer(i).items(): t[f'blk.{i}.{k}']=s
    m={'general.architecture':arch,f'{arch}.block_count':layers,f'{arch}.embedding_length':width,f'{arch}.context_length':64,f'{arch}.feed_forward_length':width,f'{arch}.attention.head_count':heads,f'{arch}.attention.head_count_kv':kv,f'{arch}.rope.dimension_count':width//heads,f'{arch}.attention.layer_norm_rms_epsilon':1e-5,f'{arch}.attention.layer_norm_epsilon':1e-5,**{f'{arch}.{k}':v for k,v in keys.items()}}
    return m,t
def dense(w,kv): return lambda i:{'attn_norm.weight':[w],'attn_q.weight':[w,w],'attn_k.weight':[kv,w],'attn_v.weight':[kv,w],'attn_output.weight':[w,w],'ffn_norm.weight':[w],'ffn_gate.weight':[w,w],'ffn_up.weight':[w,w],'ffn_down.weight':[w,w]}
def moe(w,kv): return lambda i:{'attn_norm.weight':[w],'attn_q.weight':[w,w],'attn_k.weight':[kv,w],'attn_v.weight':[kv,w],'attn_output.weight':[w,w],'ffn_norm.weight':[w],'ffn_gate_inp.weight':[8,w],'ffn_gate_exps.weight':[8,32,w],'ffn_up_exps.weight':[8,32,w],'ffn_down_exps.weight':[8,w,32]}
def qkv(w): return lambda i:{'attn_norm.weight':[w],'attn_qkv.weight':[3*w,w],'attn_qkv.bias':[3*w],'attn_output.weight':[w,w],'ffn_up.weight':[w,w],'ffn_down.weight':[w,w],'ffn_down.bias':[w]}
models={
 'llama-tied':outline('llama',17,256,8,2,dense(256,64),{}),
 'mixtral':outline('llama',9,256,8,4,moe(256,128),{'output.weight':[64,256]},{'expert_count':8,'expert_used_count':2}),
 'falcon':outline('falcon',32,256,8,1,qkv(256),{'output.weight':[64,256]}),
 'gpt2':outline('gpt2',12,256,4,4,qkv(256),{'position_embd.weight':[64,256],'output.weight':[64,256]}),
 'llama-80':outline('llama',80,96,6,2,dense(96,32),{'output.weight':[64,96]}),
}
ftypes=dict(F32=0,F16=1,BF16=32,Q8_0=7,Q6_K=18,Q5_K_M=17,Q5_K_S=16,Q5_1=9,Q5_0=8,Q4_K_M=15,Q4_K_S=14,IQ4_NL=25,IQ4_XS=30,Q4_1=3,Q4_0=2,Q3_K_L=13,Q3_K_M=12,Q3_K_S=11,Q2_K=10,MXFP4_MOE=38)
rng=np.random.default_rng(0)
result={}
with tempfile.TemporaryDirectory() as tmp:
    for name,(meta,tensors) in models.items():
        src=f'{tmp}/{name}.gguf'
        w=gguf.GGUFWriter(src,meta['general.architecture'])
        for k,v in meta.items():
            if k!='general.architecture': (w.add_float32 if isinstance(v,float) else w.add_uint32)(k,v)
        for k,s in tensors.items(): w.add_tensor(k,rng.standard_normal(s,dtype=np.float32))
        w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
        entries=[(k.encode(),np.ones((s[0] if len(s)>2 else 1)*s[-1],np.float32)) for k,s in tensors.items()]
        arr=(Entry*(len(entries)+1))(*[Entry(k,a.ctypes.data,a.size) for k,a in entries])
        result[name]={'metadata':meta,'tensors':tensors,'types':{}}
        for ft,num in ftypes.items():
            for weighted in (False,True):
                p=lib.llama_model_quantize_default_params(); p.ftype=num; p.nthread=1
                if weighted: p.imatrix=ctypes.addressof(arr)
                out=f'{tmp}/out.gguf'
                assert lib.llama_model_quantize(src.encode(),out.encode(),ctypes.byref(p))==0,(name,ft)
                r=gguf.GGUFReader(out)
                types={t.name:t.tensor_type.name for t in r.tensors}
                rows={}
                for k in tensors:
                    kind=re.sub(r'^blk\.\d+\.','blk.*.',k)
                    rows.setdefault(kind,[]).append(types[k])
                # One type where all layers agree, else a list.
                rows={k:v[0] if len(set(v))==1 else ' '.join(v) for k,v in rows.items() if set(v)!={'F32'} or ft=='F32'}
                if weighted and rows==result[name]['types'][ft]: continue
                result[name]['types'][ft+(' weighted' if weighted else '')]=rows
        result[name]['tensors']={re.sub(r'^blk\.\d+\.','blk.*.',k):s for k,s in tensors.items()}
(here / 'file-types.json').write_text(json.dumps(result).replace('}, "','},\n "')+'\n')
