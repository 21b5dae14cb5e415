/** The fields of libfreenect's `freenect_reg_info`, all int32, in their order. */
export const REG_INFO =
  "dx_center ax bx cx dx dx_start ay by cy dy dy_start dx_beta_start dy_beta_start rollout_blank " +
  "rollout_size dx_beta_inc dy_beta_inc dxdx_start dxdy_start dydx_start dydy_start dxdxdx_start " +
  "dydxdx_start dxdxdy_start dydxdy_start back_comp1 dydydx_start back_comp2 dydydy_start";
