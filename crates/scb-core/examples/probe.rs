use scb_core::{*, train::*, random::stream};
use std::time::Instant;
fn spec(alg:&str,b:usize,eta:f64,lambda:f64,max:u64)->TrainSpec{TrainSpec{algorithm:optimise::algorithm(alg).unwrap(),batch_size:b,eta_boost:eta,eta_sparse:eta/2.0,lambda,steps:StepScale::Normalised,start:Start{alpha_v:0.,alpha_a:0.},max_samples:max,boost_end:StageEnd{steps:None,share:Some(0.5),alpha:Some(0.5),kept_mass:None},sparse_end:StageEnd::default(),cut:0.2,keep:0.5,signal:0.25,epsilon:0.25,resolution:0.02,stop_at:StopAt::Recovery}}
fn main(){
 let a:Vec<String>=std::env::args().collect();
 if a[1]=="time" {
  for (n,q,t,b,steps) in [(3,2,5000,64,300),(8,2,1024,256,300),(27,3,4096,64,100),(3,2,64,16,50000),(6,3,2048,512,100)]{
   let ts=TaskSpec{n,q,t,chain:Chain::Mixture{persistence:0.3,concentration:1.0},weights:Weights::Equal};
   let task=Task::draw(&ts,&mut stream([1;16])).unwrap();
   let mut s=spec("prox",b,0.001,0.01,(b*steps) as u64); s.stop_at=StopAt::Budget;
   let t0=Instant::now(); let o=train(&task,&s,stream([2;16]),&mut ()); let e=t0.elapsed().as_secs_f64();
   println!("{n} {q} {t} {b}: {:.3} ns/token  {:?}",e*1e9/o.tokens as f64,o.status);
  }
  return;
 }
 if a[1]=="paper" {
  for alg in ["prox","sgd"] { for eta in [0.005,0.01,0.02,0.05] { let mut line=String::new();
   for r in 0..8u8 {
   let ts=TaskSpec{n:3,q:2,t:5000,chain:Chain::Mixture{persistence:0.3,concentration:1.0},weights:Weights::Equal};
   let task=Task::draw(&ts,&mut stream([r+1;16])).unwrap();
   let mut s=spec(alg,64,eta,0.02,64000);  s.stop_at=StopAt::Budget; s.sparse_end.share=Some(0.8); s.boost_end.share=Some(0.5);
   let o=train(&task,&s,stream([r+100;16]),&mut ());
   line+=&format!(" {:?}/{:?}/{:.2},{:.2},{:.2},{:.2}",o.status,o.milestones.recovery,o.errors.value,o.errors.attention,o.errors.rounded_value,o.errors.rounded_attention);
   } println!("{alg} {eta}:{line}"); } }
  return;
 }
 // needed grid: args N Q 
 let n:usize=a[1].parse().unwrap(); let q:usize=a[2].parse().unwrap(); let budget:f64=a[3].parse().unwrap(); let lambda:f64=a[4].parse().unwrap();
 for t in [32usize,128,512,2048]{ println!("T={t}");
  for bf in [0.0625,0.125,0.25,0.5,1.0]{ for eta in [0.05,0.1,0.2,0.4]{
   let b=((t as f64*bf) as usize).max(4); let mut v=vec![]; let mut mir=0; let mut tok=0; let mut sig=vec![]; let t0=Instant::now();
   for r in 0..16u8 {
    let ts=TaskSpec{n,q,t,chain:Chain::Mixture{persistence:0.3,concentration:1.0},weights:Weights::Equal};
    let task=Task::draw(&ts,&mut stream([r+1;16])).unwrap();
    let s=spec("prox",b,eta,lambda,(budget*t as f64) as u64+2000);
    let o=train(&task,&s,stream([r+100;16]),&mut ()); tok+=o.tokens;
    v.push(o.milestones.recovery.unwrap_or(u64::MAX)); sig.push(o.milestones.signal.unwrap_or(u64::MAX)); if o.status==Status::Mirrored{mir+=1}
   }
   v.sort();sig.sort(); println!("  B/T={bf} eta={eta}: med {} q90 {} sig90 {} mirrored {} reached {} {:.2} ns/tok {:.1}s",v[8],v[14] as i64,sig[14] as i64,mir,v.iter().filter(|x|**x<u64::MAX).count(),t0.elapsed().as_secs_f64()*1e9/tok as f64,t0.elapsed().as_secs_f64());
  }}
 }
}
