/** Refusals that all KDCs know, and the settings that each must name. */

export const BADOPTION = { code: 'KDC_ERR_BADOPTION' }
export const otherKeyHint = /setspn -L svc-(web|kcd)[^]*klist purge/
export const listHint = /msDS-AllowedToDelegateTo[^]*samba-tool delegation add-service[^]*krbAllowedToDelegateTo/
export const transitionHint =
  /TRUSTED_TO_AUTH_FOR_DELEGATION[^]*samba-tool delegation for-any-protocol[^]*ok_to_auth_as_delegate/
export const userHint = /NOT_DELEGATED[^]*samba-tool user sensitive[^]*allow_forwardable/
